package mimeparts

import (
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// protected marks signed and encrypted mail.
func protected() *checks.Check {
	p := &protectedDefs{
		bogus: def("mime_types", "BOGUS_ENCRYPTED_AND_TEXT", 10, "readable text stands beside an encrypted part"),
	}
	for _, d := range []struct {
		at     **symbols.Def
		name   string
		weight float64
		doc    string
	}{
		{&p.encryptedPGP, "ENCRYPTED_PGP", -0.5, "a part is encrypted with OpenPGP"},
		{&p.encryptedSMIME, "ENCRYPTED_SMIME", -0.5, "a part is encrypted with S/MIME"},
		{&p.signedPGP, "SIGNED_PGP", -2, "a part is signed with OpenPGP"},
		{&p.signedSMIME, "SIGNED_SMIME", -2, "a part is signed with S/MIME"},
	} {
		*d.at = def("mime_types", d.name, d.weight, d.doc)
		(*d.at).OneShot = true
	}
	return check("mime-protected", "signed and encrypted parts", p.run,
		p.bogus, p.encryptedPGP, p.encryptedSMIME, p.signedPGP, p.signedSMIME)
}

type protectedDefs struct {
	bogus, encryptedPGP, encryptedSMIME, signedPGP, signedSMIME *symbols.Def
}

// run looks at the children of each multipart. Text that the encryption's own
// format puts beside the payload does not count as readable.
func (d *protectedDefs) run(t *checks.Task) {
	var options []string
	text, encrypted := false, false
	for _, m := range t.Message().Parts() {
		if !m.IsMultipart() {
			continue
		}
		var beside []*mail.Part
		for _, p := range m.Children {
			switch {
			case p.IsMultipart():
				continue
			case p.Text() != nil:
				text = true
				beside = append(beside, p)
			default:
				if kind := d.mark(t, p); kind != "" {
					encrypted = true
					options = append(options, kind)
				}
			}
			if text && encrypted && len(beside) > 0 {
				text = declaredText(beside)
			}
		}
	}
	if text && encrypted {
		t.Hit(d.bogus, options...)
	}
}

func declaredText(parts []*mail.Part) bool {
	for _, p := range parts {
		if p.Type.Type == "text" {
			return true
		}
	}
	return false
}

// mark raises the symbol of a protected part and names an encrypted one.
func (d *protectedDefs) mark(t *checks.Task, p *mail.Part) string {
	if p.Type.Type != "application" {
		return ""
	}
	switch sub := p.Type.Subtype; {
	case strings.Contains(sub, "pkcs7-mime"):
		t.HitAt(hit(d.encryptedSMIME, p))
		return "smime part"
	case strings.Contains(sub, "pkcs7-signature"):
		t.HitAt(hit(d.signedSMIME, p))
	case strings.Contains(sub, "pgp-encrypted"):
		t.HitAt(hit(d.encryptedPGP, p))
		return "pgp part"
	case strings.Contains(sub, "pgp-signature"):
		t.HitAt(hit(d.signedPGP, p))
	}
	return ""
}
