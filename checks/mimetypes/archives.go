package mimetypes

import (
	"strings"

	"github.com/winnowmail/winnow/mail"
)

// archive judges an archive by its directory. Documents that are ZIP files
// inside are only looked at for encryption.
func (v *visit) archive(a *mail.Archive, detected string) {
	name := v.part.Filename()
	switch {
	case a.Encrypted:
		v.hit(v.defs.encrypted, 1, "-", name)
	case a.Unreadable:
		v.hit(v.defs.encrypted, 0.5, "-", "compressed header", name)
	case a.Obfuscated:
		v.hit(v.defs.obfuscated, 1, "-", "obfuscated archive", name)
	}
	last, before, _ := extensions(unhidden(name))
	if isDocument(detected) || v.tables.documents[last] {
		return
	}
	split := len(last) == 3 && digits(last) && a.Kind == "rar"
	for _, f := range a.Files {
		if f.Encrypted {
			v.hit(v.defs.encrypted, 1, "-", f.Name)
		}
		if inner, _, _ := extensions(f.Name); split && inner == "exe" {
			v.t.HitFactor(v.defs.splitRAR, 1, f.Name)
			continue
		}
		v.name(file{name: f.Name, member: true, alone: len(a.Files) == 1})
	}
	if len(a.Files) == 1 {
		v.disguised(a.Files[0].Name, before)
	}
}

// isDocument tells office formats that are ZIP files.
func isDocument(ext string) bool {
	switch ext {
	case "docx", "xlsx", "pptx", "odt", "ods", "odp", "asice", "asics":
		return true
	}
	return false
}

// disguised compares the extension that "invoice.pdf.zip" promises with that
// of its one member.
func (v *visit) disguised(member, before string) {
	inner, _, _ := extensions(unhidden(member))
	promised := v.inner(before)
	if strings.Trim(before, " _-\t\x00") != promised {
		promised = "" // words or a number follow: no promise of one file
	}
	switch {
	case promised == "" || inner == "" || v.tables.hosts[promised]:
	case inner == promised || isPage(inner) && isPage(promised):
	case v.tables.bad[inner] > 0:
		v.t.HitFactor(v.defs.doubleExtension, 2, before+"!="+inner)
	}
}
