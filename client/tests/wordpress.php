<?php

declare(strict_types=1);

// What the example calls of WordPress, remembering what it hooks: tests do as the actions would.

const ABSPATH = '/srv/wordpress/web/';

final class WP_User
{
    /** @param list<string> $roles */
    public function __construct(public int $ID, public array $roles)
    {
    }
}

/** @param list<string> $roles */
function wordpress_user(int $id, array $roles): WP_User
{
    return new WP_User($id, $roles);
}

final class WordPressActions
{
    /** @var array<string, Closure> */
    public static array $actions = [];
    /** @var list<string> */
    public static array $scheduled = [];
    /** @var array<string, string> */
    public static array $options = [];
}

function get_option(string $option): string|false
{
    return WordPressActions::$options[$option] ?? false;
}

function add_action(string $hook, Closure $action, int $priority = 10, int $arguments = 1): bool
{
    WordPressActions::$actions[$hook] = static fn (mixed ...$given): mixed => $action(...array_slice($given, 0, $arguments));
    return true;
}

function get_userdata(int $user): WP_User|false
{
    return $user === 0 ? false : wordpress_user($user, ['subscriber']);
}

function get_current_user_id(): int
{
    return 1;
}

function wp_next_scheduled(string $hook): int|false
{
    return false;
}

function wp_schedule_event(int $time, string $recurrence, string $hook): bool
{
    WordPressActions::$scheduled[] = "$hook $recurrence";
    return true;
}
