<?php

declare(strict_types=1);

namespace Drupal\logystera\Form;

/**
 * Tells how a run of the dispatcher went, in the same words everywhere.
 */
trait FlushReportTrait {

  /**
   * Says it to the user.
   *
   * @param array|null $result
   *   As Dispatch::flush() returned it.
   */
  private function reportFlush(?array $result): void {
    if ($result === NULL) {
      $this->messenger()->addWarning($this->t('The site is not connected: nothing was sent.'));
    }
    elseif (!empty($result['error'])) {
      $this->messenger()->addError($this->t('Not everything could be sent: @error', ['@error' => $result['error']]));
    }
    else {
      $this->messenger()->addStatus($this->formatPlural($result['sent'], '1 signal was sent.', '@count signals were sent.'));
    }
  }

}
