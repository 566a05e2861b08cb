<?php

/**
 * @file
 * Run in the directory of a site's code: `prepare.php base`, or `prepare.php HOST MODULE...`, which prints the cookie of a
 * logged-in administrator.
 *
 * The base site gets what an ordinary one has and what a measurement needs still: content on the front page, an
 * administrator, no cron in the middle of a page, nothing that asks for news.
 */

declare(strict_types=1);

use Drupal\Component\Utility\Crypt;
use Drupal\Core\DrupalKernel;
use Drupal\node\Entity\Node;
use Drupal\user\Entity\User;
use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\Session\Session;
use Symfony\Component\HttpFoundation\Session\Storage\MockArraySessionStorage;

[, $host] = $argv;
$modules = array_slice($argv, 2);
$autoloader = require getcwd() . '/../vendor/autoload.php';
// Drupal finds the site by host and script name.
$request = Request::create('http://' . ($host === 'base' ? 'localhost' : $host) . '/', server: ['SCRIPT_NAME' => '/index.php']);
$kernel = DrupalKernel::createFromRequest($request, $autoloader, 'prod');
$kernel->boot();
$kernel->preHandle($request);
\Drupal::getContainer()->get('request_stack')->push($request);

if ($host === 'base') {
  \Drupal::service('module_installer')->uninstall(['announcements_feed', 'automated_cron', 'update']);
  \Drupal::configFactory()->getEditable('system.advisories')->set('enabled', FALSE)->save();
  User::create(['name' => 'editor', 'mail' => 'editor@example.org', 'status' => 1, 'roles' => ['administrator']])->save();
  for ($number = 1; $number <= 40; $number++) {
    Node::create([
      'type' => 'article',
      'title' => "Article $number",
      'body' => ['value' => str_repeat("A paragraph of the article with the number $number. ", 40), 'format' => 'basic_html'],
      'promote' => 1,
      'status' => 1,
      'uid' => 1,
      'created' => 1700000000 + 60 * $number,
    ])->save();
  }
  \Drupal::service('cron')->run();
  exit(0);
}

if ($modules) {
  \Drupal::service('module_installer')->install($modules);
}
$editor = current(\Drupal::entityTypeManager()->getStorage('user')->loadByProperties(['name' => 'editor']));
$session = new Session(new MockArraySessionStorage());
$session->set('uid', $editor->id());
$request->setSession($session);
$id = Crypt::randomBytesBase64();
$now = time();
// Makes its table when it is not there yet.
\Drupal::service('session_handler.storage')->write($id,
  '_sf2_attributes|' . serialize(['uid' => $editor->id()]) . '_sf2_meta|' . serialize(['u' => $now, 'c' => $now, 'l' => 2000000, 's' => '']));
echo \Drupal::service('session_configuration')->getOptions($request)['name'], '=', $id, "\n";
