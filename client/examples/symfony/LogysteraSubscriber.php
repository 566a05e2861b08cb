<?php

declare(strict_types=1);

namespace App\EventSubscriber;

use Logystera\Client\Recorder;
use Symfony\Component\EventDispatcher\EventSubscriberInterface;
use Symfony\Component\Security\Http\Authenticator\Passport\Badge\UserBadge;
use Symfony\Component\Security\Http\Event\LoginFailureEvent;
use Symfony\Component\Security\Http\Event\LoginSuccessEvent;
use Symfony\Component\Security\Http\Event\LogoutEvent;

/**
 * Symfony 6.4 and 7: src/EventSubscriber/LogysteraSubscriber.php; its service is made by itself, the Recorder's as services.yaml says.
 */
final class LogysteraSubscriber implements EventSubscriberInterface
{
    public function __construct(private readonly Recorder $recorder)
    {
    }

    public static function getSubscribedEvents(): array
    {
        return [LoginSuccessEvent::class => 'login', LoginFailureEvent::class => 'failed', LogoutEvent::class => 'logout'];
    }

    public function login(LoginSuccessEvent $event): void
    {
        $this->recorder->record('auth.login', [
            'uid' => $event->getUser()->getUserIdentifier(),
            'ip' => $event->getRequest()->getClientIp(),
            'roles' => array_values($event->getUser()->getRoles()),
        ]);
    }

    public function failed(LoginFailureEvent $event): void
    {
        $badge = $event->getPassport()?->getBadge(UserBadge::class);
        $this->recorder->record('auth.login_failed', [
            'username' => $badge instanceof UserBadge ? $badge->getUserIdentifier() : '',
            'ip' => $event->getRequest()->getClientIp(),
        ]);
    }

    public function logout(LogoutEvent $event): void
    {
        $user = $event->getToken()?->getUserIdentifier();
        if ($user !== null) {
            $this->recorder->record('auth.logout', ['uid' => $user]);
        }
    }
}
