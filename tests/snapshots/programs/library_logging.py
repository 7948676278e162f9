import logging
logging.warning('first')
logging.basicConfig(level=logging.DEBUG, format='%(levelname)s %(name)s %(message)s', force=True)
logging.debug('second')
try:
    1 / 0
except ZeroDivisionError:
    logging.exception('third')
