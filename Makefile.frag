# `make stub` rewrites src/extension/logystera_arginfo.h from the stub; see ./dev generate.
stub:
	cd $(srcdir) && ./dev generate
.PHONY: stub
