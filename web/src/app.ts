// What the pages gain where scripts run. Everything here works without it too: forms are sent, links lead on, times are in UTC.
import { copyButtons } from './copy';
import { explain } from './explain';
import { fragment } from './fragment';
import { keys } from './keys';
import { live } from './live';
import { filters } from './filters';
import { menus } from './menus';
import { theme } from './theme';
import { times } from './times';
import { upload } from './upload';

times(document);
theme();
menus();
filters();
fragment();
keys();
copyButtons();
upload(times);
explain();
live(times);
