package fused

import (
	"fmt"
	"strings"

	"github.com/winnowmail/winnow/mail"
)

// A tokenKind keeps features of different origin apart.
type tokenKind byte

const (
	tokenField tokenKind = iota + 1
	tokenFieldPair
	tokenSpelling
	tokenFieldWord
	tokenFieldWords
	tokenIDShape
	tokenIDDomain
	tokenZone
	tokenDateShape
	tokenAddress
	tokenDomain
	tokenValue
	tokenTextWords
	tokenCapitals
	tokenTag
	tokenTagPair
	tokenSite
	tokenHost
	tokenTLD
	tokenPathShape
	tokenPathWord
	tokenQueryShape
	tokenPart
	tokenTextLength
	tokenURLs
	tokenParts
	tokenRecipients
	tokenSymbol
)

const (
	tokenText  = 5000 // bytes of all texts together
	maxTags    = 300
	maxURLs    = 100
	maxParts   = 50
	maxWord    = 40
	maxValue   = 200
	maxShape   = 64
	fieldBytes = 4000 // bytes of one field
)

// tokens adds the typed tokens of a message and the names of symbols that were
// raised on it.
func (e *extractor) tokens(m *mail.Message, raised []string) {
	var before hash
	last := ""
	for i := range e.fields {
		f := &e.fields[i]
		name := kind(tokenField).string(f.name)
		e.token(name, tokenField, f.name, "")
		e.token(kind(tokenFieldPair).join(before).join(name), tokenFieldPair, last, f.name)
		e.token(kind(tokenSpelling).string(f.spelt), tokenSpelling, f.spelt, "")
		before, last = name, f.name
		e.fieldValue(f)
	}
	left := tokenText
	length := 0
	for _, t := range m.Texts() {
		plain := t.Plain()
		length += len(plain)
		if left > 0 {
			plain = plain[:min(left, len(plain))]
			left -= len(plain)
			e.textWords(plain)
		}
		if t.IsHTML {
			e.tags(t.HTML())
		}
	}
	urls := m.URLs()
	for _, u := range urls[:min(len(urls), maxURLs)] {
		e.url(u)
	}
	parts := m.Parts()
	for _, p := range parts[:min(len(parts), maxParts)] {
		e.part(p)
	}
	e.size(tokenTextLength, length)
	e.size(tokenURLs, len(urls))
	e.size(tokenParts, len(parts))
	e.size(tokenRecipients, len(m.To())+len(m.Cc()))
	for _, s := range raised {
		e.token(kind(tokenSymbol).string(s), tokenSymbol, s, "")
	}
}

// token adds one finished token: of a kind, made of one text or two, which only its
// name needs.
func (e *extractor) token(h hash, k tokenKind, a, b string) {
	e.set.add(h.done())
	if e.names != nil {
		e.names.token(len(e.set.list), k, a, b)
	}
}

// size adds the order of magnitude of a number.
func (e *extractor) size(k tokenKind, n int) {
	e.set.add(kind(k).byte(bucket(n)).done())
	if e.names != nil {
		e.names.token(len(e.set.list), k, fmt.Sprintf("below %d", uint64(1)<<bucket(n)), "")
	}
}

// fieldValue adds what the value of a field says.
func (e *extractor) fieldValue(f *field) {
	text := f.text[:min(len(f.text), fieldBytes)]
	switch f.name {
	case "references", "in-reply-to":
		return // The identifiers name single messages.
	case "message-id":
		id := strings.Trim(text, " <>")
		_, domain, _ := strings.Cut(id, "@")
		e.token(shape(kind(tokenIDShape), id), tokenIDShape, id, "")
		e.token(kind(tokenIDDomain).lower(domain), tokenIDDomain, domain, "")
		return
	case "date":
		text = strings.TrimSpace(text)
		zone := text[strings.LastIndexByte(text, ':')+1:]
		_, zone, _ = strings.Cut(zone, " ")
		e.token(kind(tokenZone).string(zone), tokenZone, zone, "")
		e.token(shape(kind(tokenDateShape), text), tokenDateShape, text, "")
		return
	case "from", "reply-to":
		a := mail.ParseAddress(text)
		e.token(kind(tokenAddress).string(f.name).byte(0).lower(a.Addr), tokenAddress, f.name, a.Addr)
		e.token(kind(tokenDomain).string(f.name).byte(0).lower(a.Domain), tokenDomain, f.name, a.Domain)
	case "content-type", "x-mailer", "user-agent":
		if len(text) < maxValue {
			e.token(kind(tokenValue).string(f.name).byte(0).string(text), tokenValue, f.name, text)
		}
	}
	single := kind(tokenFieldWord).string(f.name).byte(0)
	pair := kind(tokenFieldWords).string(f.name).byte(0)
	var before hash
	last := ""
	words(text, func(w string, h hash) {
		e.token(single.join(h), tokenFieldWord, f.name, w)
		e.token(pair.join(before).join(h), tokenFieldWords, last, w)
		before, last = h, w
	})
}

// textWords adds the pairs of adjacent words and the words that begin with two
// capitals. Single words are left out: they add nothing, and make it cheap to
// hide spam behind a list of harmless ones.
func (e *extractor) textWords(text string) {
	pair := kind(tokenTextWords)
	var before hash
	last := ""
	words(text, func(w string, h hash) {
		e.token(pair.join(before).join(h), tokenTextWords, last, w)
		before, last = h, w
		if len(w) > 1 && capital(w[0]) && capital(w[1]) {
			e.token(kind(tokenCapitals).string(w), tokenCapitals, w, "")
		}
	})
}

func capital(c byte) bool { return 'A' <= c && c <= 'Z' }

// tags adds the element names of an HTML part and their pairs.
func (e *extractor) tags(h *mail.HTML) {
	if h == nil {
		return
	}
	before := ""
	for _, b := range h.Blocks[:min(len(h.Blocks), maxTags)] {
		e.token(kind(tokenTag).string(b.Tag), tokenTag, b.Tag, "")
		e.token(kind(tokenTagPair).string(before).byte(0).string(b.Tag), tokenTagPair, before, b.Tag)
		before = b.Tag
	}
}

// url adds the parts of a link.
func (e *extractor) url(u *mail.URL) {
	tld := u.Host[strings.LastIndexByte(u.Host, '.')+1:]
	e.token(kind(tokenSite).string(u.TLD), tokenSite, u.TLD, "")
	e.token(kind(tokenHost).string(u.Host), tokenHost, u.Host, "")
	e.token(kind(tokenTLD).string(tld), tokenTLD, tld, "")
	e.token(shape(kind(tokenPathShape), u.Path), tokenPathShape, u.Path, "")
	words(u.Path, func(w string, _ hash) { e.token(kind(tokenPathWord).lower(w), tokenPathWord, w, "") })
	if u.Query != "" {
		e.token(shape(kind(tokenQueryShape), u.Query), tokenQueryShape, u.Query, "")
	}
}

// part adds what a MIME part declares.
func (e *extractor) part(p *mail.Part) {
	name := p.Filename()
	ext := name[strings.LastIndexByte(name, '.')+1:]
	e.token(kind(tokenPart).string(p.Type.Full()).byte(0).string(p.Encoding).byte(0).lower(ext[max(0, len(ext)-16):]), tokenPart, p.Type.Full(), name)
}

// shape adds a text in which runs of capitals, letters and digits are one sign.
func shape(h hash, s string) hash {
	last, n := byte(0), 0
	for i := 0; i < len(s) && n < maxShape; i++ {
		c := s[i]
		switch {
		case capital(c):
			c = 'A'
		case 'a' <= c && c <= 'z':
			c = 'a'
		case '0' <= c && c <= '9':
			c = '0'
		case c >= 0x80:
			c = 0x80
		}
		if c == last && (c == 'A' || c == 'a' || c == '0' || c == 0x80) {
			continue
		}
		h, last = h.byte(c), c
		n++
	}
	return h
}

// words calls f for each run of letters, digits and $ ' ! % _ -, of which at
// most maxWord bytes count, with the sum of the word in lower case. Bytes beyond
// ASCII are letters.
func words(s string, f func(w string, h hash)) {
	for i := 0; i < len(s); {
		c := inWord[s[i]]
		if c == 0 {
			i++
			continue
		}
		from, h := i, kind(0)
		for end := min(len(s), i+maxWord); c != 0; c = inWord[s[i]] {
			h = (h ^ hash(c)) * fnvPrime
			if i++; i == end {
				break
			}
		}
		w := s[from:i]
		for i < len(s) && inWord[s[i]] != 0 {
			i++
		}
		f(w, h)
	}
}

// inWord has for each byte of words what it is in lower case, and 0 for others.
var inWord = func() (t [256]byte) {
	for i := range t {
		c := byte(i)
		if c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || strings.IndexByte("$'!%_-", c) >= 0 {
			t[c] = lower(c)
		}
	}
	return t
}()
