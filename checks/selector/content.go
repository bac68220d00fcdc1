package selector

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/stem"
	"github.com/winnowmail/winnow/mail"
)

// message makes the extractors of the body.
func (p *parser) message(c call) (extraction, typ, error) {
	switch c.name {
	case "id":
		return func(*checks.Task) []item { return []item{{text: c.text(0, "")}} }, typ{}, p.count(c, 0, 1)
	case "list":
		all := c.texts(0)
		return func(*checks.Task) []item { return texts(all...) }, typ{list: true}, p.count(c, 0, -1)
	case "digest":
		return func(t *checks.Task) []item { return texts(contentDigest(t.Message())) }, typ{}, p.count(c, 0, 0)
	case "attachments":
		digest, err := p.digest(c)
		return func(t *checks.Task) []item {
			var out []string
			for _, part := range t.Message().Parts() {
				if part.IsAttachment() {
					out = append(out, digest(string(part.Content())))
				}
			}
			return texts(out...)
		}, typ{list: true}, err
	case "files":
		return func(t *checks.Task) []item {
			var out []string
			for _, part := range t.Message().Parts() {
				out = append(out, part.Filename())
			}
			return texts(out...)
		}, typ{list: true}, p.count(c, 0, 0)
	case "languages":
		return func(t *checks.Task) []item {
			var out []string
			for _, x := range t.Message().Texts() {
				lang, _ := x.Language()
				out = append(out, lang)
			}
			return texts(out...)
		}, typ{list: true}, p.count(c, 0, 0)
	case "words":
		return p.words(c)
	}
	return nil, typ{}, nil
}

// contentDigest stands for the content of all parts: 32 hexadecimal digits, as
// many as Rspamd's, but of another hash.
func contentDigest(m *mail.Message) string {
	h := sha256.New()
	for _, part := range m.Parts() {
		if !part.IsMultipart() {
			sum := part.Digest()
			h.Write(sum[:])
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (p *parser) words(c call) (extraction, typ, error) {
	if err := p.count(c, 0, 1); err != nil {
		return nil, typ{}, err
	}
	if err := p.oneOf(c, 0, "stem", "norm", "raw", "full"); err != nil {
		return nil, typ{}, err
	}
	how, t := c.text(0, "stem"), typ{list: true}
	if how == "full" {
		t.of = wordObjects()
	}
	return func(t *checks.Task) []item {
		var out []item
		for _, x := range t.Message().Texts() {
			lang, _ := x.Language()
			stemmed, plain := stem.Of(lang), x.Plain()
			for _, w := range x.Words() {
				full := word{norm: w.Text, raw: plain[w.Start:w.End]}
				if how == "stem" || how == "full" {
					full.stem = stemmed(w.Text)
				}
				out = append(out, item{obj: full, text: map[string]string{"stem": full.stem, "norm": full.norm, "raw": full.raw}[how]})
			}
		}
		return out
	}, t, nil
}
