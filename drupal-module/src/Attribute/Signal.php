<?php

declare(strict_types=1);

namespace Drupal\logystera\Attribute;

/**
 * Marks a method that turns what happened into the labels of a signal.
 *
 * The method gets the arguments of its source and returns the labels by name,
 * NULL when there is nothing to record, or yields several sets of labels.
 *
 * A signal of the catalogue has its labels, cap and default there. Any other
 * module can declare one of its own by giving its labels here, or in a class
 * of its own that extends this one.
 */
#[\Attribute(\Attribute::TARGET_METHOD | \Attribute::IS_REPEATABLE)]
class Signal {

  /**
   * Connects a mapper to its source.
   *
   * @param string $type
   *   The type of the signal, for example "auth.login".
   * @param string $on
   *   What it listens to: "event:NAME" for any event of the event dispatcher,
   *   "hook:NAME" for the hooks Logystera implements, or a name of the module's
   *   own that it gives to Router::on().
   * @param array<string, string>|null $labels
   *   For a signal of the module's own: the type of each label by its name.
   *   Types are string, integer, number, boolean, list, uid (an account id,
   *   stored as a keyed hash), path, ip, message and sql (these two have their
   *   values taken out).
   * @param int $cap
   *   How many of them one request may record, 1 to 200.
   * @param string $summary
   *   What it says, in a sentence for the administrator.
   * @param bool $default
   *   Whether it is recorded until somebody decides.
   * @param string $group
   *   Under which heading of the settings it stands.
   */
  public function __construct(
    public readonly string $type,
    public readonly string $on,
    public readonly ?array $labels = NULL,
    public readonly int $cap = 20,
    public readonly string $summary = '',
    public readonly bool $default = TRUE,
    public readonly string $group = 'other',
  ) {}

  /**
   * The signal as the catalogue describes one; NULL for one that is in it.
   */
  final public function declaration(): ?array {
    if ($this->labels === NULL) {
      return NULL;
    }
    $labels = [];
    foreach ($this->labels as $name => $type) {
      $labels[] = ['name' => (string) $name, 'type' => (string) $type, 'description' => ''];
    }
    return [
      'type' => $this->type,
      'group' => $this->group,
      'config_key' => 'signals.' . strtr($this->type, '.', '_'),
      'default' => $this->default,
      'cap' => $this->cap,
      'severity' => 'info',
      'summary' => $this->summary,
      'labels' => $labels,
    ];
  }

}
