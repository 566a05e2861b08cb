--TEST--
An error of ext/soap is a php.fatal where it ends the request, and not where it becomes an exception that is caught
--EXTENSIONS--
logystera
soap
--FILE--
<?php
require __DIR__ . '/include.inc';

$ends = [
    // name => [code, how each message begins]
    'caught' => ['try { new SoapClient("/srv/none.wsdl"); } catch (SoapFault) {}', []],
    'caught, and another error' => ['try { new SoapClient("/srv/none.wsdl"); } catch (SoapFault) {} no_such_function();', ['Uncaught Error: Call to undefined']],
    'caught again and again' => ['for ($i = 0; $i < 5; ++$i) { try { new SoapClient("/srv/none.wsdl"); } catch (SoapFault) {} } echo $undefined;', []],
    'uncaught' => ['new SoapClient("/srv/none.wsdl");', ['Uncaught SoapFault exception: [WSDL] SOAP-ERROR: Parsing WSDL: ']],
    'without exceptions' => ['new SoapClient("/srv/none.wsdl", ["exceptions" => false]);', ['SOAP-ERROR: Parsing WSDL: ']],
    'caught, of a constructor' => ['try { new SoapClient(null, []); } catch (SoapFault) {}', []],
    'a constructor' => ['new SoapServer(null, []);', ['SoapServer::__construct(): ']],
    'and a warning behind it' => ['register_shutdown_function(static function () { echo $undefined; }); new SoapClient("/srv/none.wsdl", ["exceptions" => false]);',
        ['SOAP-ERROR: Parsing WSDL: ']],
    'and a handler that ends' => ['register_shutdown_function(static function () { no_such_function(); }); new SoapServer("/srv/none.wsdl");',
        ['SOAP-ERROR: Parsing WSDL: ']],
    'a server' => ['new SoapServer("/srv/none.wsdl");', ['SOAP-ERROR: Parsing WSDL: ']],
];
foreach ($ends as $name => [$code, $expected]) {
    $directory = scratch(strtr($name, [' ' => '-', ',' => '']));
    run('$recorder = new Logystera\Agent\Recorder(' . var_export($directory, true) . ", ['enabled' => ['php.fatal']]);\n$code", [], ['soap']);
    $events = events($directory);
    same(count($expected), count($events), "$name: events");
    foreach ($expected as $i => $start) {
        $labels = $events[$i]['labels'];
        holds(str_starts_with($labels['message'], $start), "$name: what it says", $labels['message']);
        same(['error', 4], [$labels['kind'], $labels['line']], "$name: kind and line");
        holds(!str_contains(json_encode($labels, JSON_UNESCAPED_SLASHES), '/srv'), "$name: no absolute path", $labels['message']);
    }
}
done();
?>
--EXPECT--
31 checks made
