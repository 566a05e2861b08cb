mod build/extension/modules/logystera.so
mod debian/logystera.ini
