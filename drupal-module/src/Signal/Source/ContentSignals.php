<?php

declare(strict_types=1);

namespace Drupal\logystera\Signal\Source;

use Drupal\Core\Entity\ContentEntityInterface;
use Drupal\Core\Entity\EntityInterface;
use Drupal\Core\Entity\EntityPublishedInterface;
use Drupal\file\FileInterface;
use Drupal\logystera\Attribute\Signal;
use Drupal\logystera\Signal\Actor;
use Drupal\media\MediaInterface;
use Symfony\Component\HttpFoundation\RequestStack;

/**
 * Content, media items and files that come, change and go. Never a title.
 *
 * Content is what can be published: nodes, comments, terms, blocks, menu links
 * and their like of other modules.
 */
final class ContentSignals {

  /**
   * Can be published as well, but is a part of something that is recorded.
   */
  private const PARTS = ['media', 'paragraph', 'path_alias'];

  /**
   * How browsers and API clients send a file that is nothing but a file.
   */
  private const RAW_UPLOAD = 'application/octet-stream';

  public function __construct(
    private readonly Actor $actor,
    private readonly RequestStack $requestStack,
  ) {}

  /**
   * Content was created, saved again or deleted.
   */
  #[Signal('content.created', on: 'hook:entity_insert')]
  #[Signal('content.updated', on: 'hook:entity_update')]
  #[Signal('content.deleted', on: 'hook:entity_delete')]
  public function content(EntityInterface $entity): ?array {
    if (!$entity instanceof ContentEntityInterface || !$entity instanceof EntityPublishedInterface
      || in_array($entity->getEntityTypeId(), self::PARTS, TRUE)) {
      return NULL;
    }
    return [
      'entity_type' => $entity->getEntityTypeId(),
      'entity_id' => (string) $entity->id(),
      'bundle' => $entity->bundle(),
      'langcode' => $entity->language()->getId(),
      'published' => $entity->isPublished(),
      'actor_uid' => $this->actor->current(),
    ];
  }

  /**
   * A media item was created, saved again or deleted.
   */
  #[Signal('media.created', on: 'hook:entity_insert')]
  #[Signal('media.updated', on: 'hook:entity_update')]
  #[Signal('media.deleted', on: 'hook:entity_delete')]
  public function media(EntityInterface $entity): ?array {
    if (!$entity instanceof MediaInterface) {
      return NULL;
    }
    return [
      'entity_id' => (string) $entity->id(),
      'bundle' => $entity->bundle(),
      'source' => $entity->getSource()->getPluginId(),
      'actor_uid' => $this->actor->current(),
    ];
  }

  /**
   * A file came with this request.
   *
   * An upload is temporary until something uses it; a file that code makes
   * along with it, for example a thumbnail, is not.
   */
  #[Signal('file.uploaded', on: 'hook:entity_insert')]
  public function uploaded(EntityInterface $entity): ?array {
    $request = $this->requestStack->getMainRequest();
    if (!$request || !$entity instanceof FileInterface || !$entity->isTemporary()) {
      return NULL;
    }
    $is_upload = $request->files->count() || str_starts_with((string) $request->headers->get('Content-Type'), self::RAW_UPLOAD);
    return $is_upload ? $this->file($entity) : NULL;
  }

  /**
   * A managed file was deleted.
   */
  #[Signal('file.deleted', on: 'hook:entity_delete')]
  public function fileDeleted(EntityInterface $entity): ?array {
    return $entity instanceof FileInterface ? $this->file($entity) : NULL;
  }

  /**
   * The labels of a file.
   */
  private function file(FileInterface $file): array {
    return [
      'file_id' => (string) $file->id(),
      'mime_type' => (string) $file->getMimeType(),
      'extension' => strtolower(pathinfo((string) $file->getFilename(), PATHINFO_EXTENSION)),
      'size_bytes' => (int) $file->getSize(),
      'path' => (string) $file->getFileUri(),
      'actor_uid' => $this->actor->current(),
    ];
  }

}
