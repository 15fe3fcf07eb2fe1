# SPDX-License-Identifier: MIT
# Packages, from the release archive, below packages/ in the build directory. An archive of the same
# files is the same to the byte: its entries are sorted and bear one time, SOURCE_DATE_EPOCH's, else that
# of the last commit, else that of NEWS.md.
EXTRA_DIST += packaging/backstop.conf packaging/debian packaging/rpm packaging/alpine packaging/check
packages = $(abs_builddir)/packages
archive_date = $${SOURCE_DATE_EPOCH:-$$(git -C '$(srcdir)' log -1 --format=%ct 2>/dev/null || stat -c %Y '$(srcdir)/NEWS.md')}

package-archive:
	$(MKDIR_P) '$(packages)'
	TAR_OPTIONS="--sort=name --mtime=@$(archive_date) --owner=0 --group=0 --numeric-owner --mode=go=rX,u+rw" \
	  $(MAKE) $(AM_MAKEFLAGS) dist-xz
	mv -f '$(distdir).tar.xz' '$(packages)/$(distdir).tar.xz'

deb: package-archive
	rm -rf '$(packages)/deb' && $(MKDIR_P) '$(packages)/deb'
	cd '$(packages)/deb' && tar xf '../$(distdir).tar.xz' && cp -R '$(distdir)/packaging/debian' '$(distdir)/debian'
	cd '$(packages)/deb/$(distdir)' && env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES dpkg-buildpackage -us -uc -b
	if command -v lintian >/dev/null; then cd '$(packages)/deb' && lintian --fail-on error,warning *.changes; \
	  else echo 'lintian is not installed: the package was not looked at'; fi

rpm: package-archive
	rm -rf '$(packages)/rpm' && $(MKDIR_P) '$(packages)/rpm'
	sed 's|[@]VERSION@|$(VERSION)|g' '$(srcdir)/packaging/rpm/backstop.spec.in' >'$(packages)/rpm/backstop.spec'
	if command -v rpmlint >/dev/null; then rpmlint '$(packages)/rpm/backstop.spec'; \
	  else echo 'rpmlint is not installed: the spec was not looked at'; fi
	SOURCE_DATE_EPOCH=$(archive_date) env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES rpmbuild -bb $(RPMFLAGS) \
	  --define '_topdir $(packages)/rpm' --define '_sourcedir $(packages)' \
	  --define 'use_source_date_epoch_as_buildtime 1' --define '_buildhost localhost' '$(packages)/rpm/backstop.spec'

# Installs, upgrades, removes and purges the Debian package in a bare system, with mail coming in.
check-package:
	packages='$(packages)' '$(srcdir)/packaging/check' $(SUITES)

.PHONY: package-archive deb rpm check-package
