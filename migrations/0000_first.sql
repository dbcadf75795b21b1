CREATE TABLE `api_keys` (
	`key_id` text PRIMARY KEY NOT NULL,
	`project_id` text NOT NULL,
	`name` text NOT NULL,
	`hash` text NOT NULL,
	`prefix` text NOT NULL,
	`scopes` text NOT NULL,
	`created_at` text NOT NULL,
	`expires_at` text,
	`revoked_at` text
);
--> statement-breakpoint
CREATE INDEX `api_keys_by_project` ON `api_keys` (`project_id`);--> statement-breakpoint
CREATE TABLE `members` (
	`organization_id` text NOT NULL,
	`user_id` text NOT NULL,
	`role` text NOT NULL,
	`created_at` text NOT NULL,
	PRIMARY KEY(`organization_id`, `user_id`)
);
--> statement-breakpoint
CREATE TABLE `meta` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `organizations` (
	`organization_id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`created_at` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `projects` (
	`project_id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`name` text NOT NULL,
	`retention_days` integer NOT NULL,
	`daily_events_max` integer NOT NULL,
	`cors_origins` text NOT NULL,
	`created_at` text NOT NULL,
	`deleted_at` text
);
--> statement-breakpoint
CREATE INDEX `projects_by_organization` ON `projects` (`organization_id`);--> statement-breakpoint
CREATE TABLE `segments` (
	`segment_id` text NOT NULL,
	`project_id` text NOT NULL,
	`shard` integer NOT NULL,
	`level` integer NOT NULL,
	`seq_min` integer NOT NULL,
	`seq_max` integer NOT NULL,
	`day` text,
	`ts_min_us` integer NOT NULL,
	`ts_max_us` integer NOT NULL,
	`rows` integer NOT NULL,
	`size_bytes` integer NOT NULL,
	`raw_bytes` integer NOT NULL,
	`object_key` text NOT NULL,
	`tail_size_bytes` integer NOT NULL,
	`created_us` integer NOT NULL,
	`swap_id` text,
	`level_mask` integer NOT NULL,
	`services` text,
	`replaced_us` integer,
	`replaced_by` text,
	`deleted_us` integer,
	PRIMARY KEY(`project_id`, `segment_id`)
);
--> statement-breakpoint
CREATE TABLE `users` (
	`user_id` text PRIMARY KEY NOT NULL,
	`email` text NOT NULL,
	`name` text NOT NULL,
	`created_at` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `users_email_unique` ON `users` (`email`);