<?php

declare(strict_types=1);

use Logystera\Client\Logystera;
use Logystera\Client\LogSignal;
use Logystera\Client\Monolog\Handler;
use Logystera\Client\Recorder;
use Symfony\Component\DependencyInjection\Loader\Configurator\ContainerConfigurator;

use function Symfony\Component\DependencyInjection\Loader\Configurator\service;

/*
 * Symfony: config/packages/logystera.php. The handler goes into config/packages/monolog.yaml:
 * monolog: { handlers: { logystera: { type: service, id: Logystera\Client\Monolog\Handler } } }
 */
return static function (ContainerConfigurator $container): void {
    $services = $container->services();
    $services->set(Recorder::class)
        ->factory([Logystera::class, 'recorder'])
        ->args(['%kernel.project_dir%/var/logystera', ['root' => '%kernel.project_dir%', 'signals' => [LogSignal::declaration()]]]);
    $services->set(Handler::class)
        ->args([service(Recorder::class)])
        ->arg('$root', '%kernel.project_dir%');
};
