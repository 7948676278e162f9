import locale, time, gettext
print(locale.getlocale(), locale.setlocale(locale.LC_ALL), locale.localeconv()['decimal_point'], time.tzname, time.strftime('%A', time.gmtime(0)), locale.getpreferredencoding())
