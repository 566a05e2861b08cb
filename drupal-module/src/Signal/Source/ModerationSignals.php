<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal\Source;

use Drupal\content_moderation\ModerationInformationInterface;
use Drupal\Core\Entity\ContentEntityInterface;
use Drupal\Core\Entity\EntityInterface;
use Drupal\Core\Entity\EntityTypeManagerInterface;
use Drupal\Core\Entity\RevisionableStorageInterface;
use Drupal\logystera\Attribute\Signal;
use Drupal\logystera\Signal\Actor;

/**
 * Content on its way through a workflow.
 *
 * The previous state is that of the revision that was loaded to be edited. The
 * "original" entity is the default revision, which is another one as soon as
 * there is a draft after the published version.
 */
final class ModerationSignals {

  /**
   * The old state of an entity that was not there before.
   */
  private const STATE_OF_NEW = 'new';

  /**
   * Entity being saved => its previous state.
   *
   * @var \WeakMap<\Drupal\Core\Entity\EntityInterface, string>
   */
  private \WeakMap $before;

  public function __construct(
    private readonly Actor $actor,
    private readonly EntityTypeManagerInterface $entityTypeManager,
    private readonly ?ModerationInformationInterface $moderation = NULL,
  ) {
    $this->before = new \WeakMap();
  }

  /**
   * Notes the state before a save; the save itself emits.
   */
  #[Signal('content.moderation', on: 'hook:entity_presave')]
  public function presave(EntityInterface $entity): ?array {
    if ($this->moderation && $entity instanceof ContentEntityInterface && $entity->hasField('moderation_state')
      && $this->moderation->isModeratedEntity($entity)) {
      $this->before[$entity] = $this->stateBefore($entity);
    }
    return NULL;
  }

  /**
   * A moderated entity was saved: only recorded when its state differs.
   */
  #[Signal('content.moderation', on: 'hook:entity_insert')]
  #[Signal('content.moderation', on: 'hook:entity_update')]
  public function moderated(EntityInterface $entity): ?array {
    if (!isset($this->before[$entity])) {
      return NULL;
    }
    assert($entity instanceof ContentEntityInterface);
    $old = $this->before[$entity];
    $new = (string) $entity->get('moderation_state')->value;
    unset($this->before[$entity]);
    if ($old === $new) {
      return NULL;
    }
    return [
      'entity_type' => $entity->getEntityTypeId(),
      'entity_id' => (string) $entity->id(),
      'bundle' => $entity->bundle(),
      'label' => (string) $entity->label(),
      'old_state' => $old,
      'new_state' => $new,
      'actor_uid' => $this->actor->current(),
    ];
  }

  /**
   * The state of the revision that was loaded, in the same language.
   */
  private function stateBefore(ContentEntityInterface $entity): string {
    $storage = $this->entityTypeManager->getStorage($entity->getEntityTypeId());
    $revision_id = $entity->getLoadedRevisionId();
    if ($entity->isNew() || !$revision_id || !$storage instanceof RevisionableStorageInterface) {
      return self::STATE_OF_NEW;
    }
    $revision = $storage->loadRevision($revision_id);
    $langcode = $entity->language()->getId();
    if (!$revision instanceof ContentEntityInterface || !$revision->hasTranslation($langcode)) {
      return self::STATE_OF_NEW;
    }
    return (string) $revision->getTranslation($langcode)->get('moderation_state')->value;
  }

}
