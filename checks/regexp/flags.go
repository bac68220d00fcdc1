package regexp

import (
	"fmt"
	"maps"
	"strings"

	"github.com/winnowmail/winnow/checks/texts"
	"github.com/winnowmail/winnow/internal/nearest"
)

// flags are what stands behind a pattern.
type flags struct {
	perl             string // those of the pattern itself
	kind             texts.Kind
	typed            bool // kind was said
	strong, multiple bool
}

// shorts are the types by letter.
func shorts() map[byte]texts.Kind {
	return map[byte]texts.Kind{
		'H': texts.Header, 'X': texts.RawHeader, 'B': texts.MIMEHeader, 'R': texts.AllHeaders, 'C': texts.SABody, 'D': texts.SARawBody, 'M': texts.Body, 'P': texts.MIME,
		'Q': texts.RawMIME, 'U': texts.URL, '$': texts.Selector,
	}
}

// longs are the types by name.
func longs() map[string]texts.Kind {
	all := map[string]texts.Kind{
		"part": texts.MIME, "raw_part": texts.RawMIME, "mime_raw": texts.RawMIME, "rawmime": texts.RawMIME, "header_mime": texts.MIMEHeader, "header_raw": texts.RawHeader,
		"rawheader": texts.RawHeader, "all_header": texts.AllHeaders, "header_all": texts.AllHeaders, "allheader": texts.AllHeaders, "sa_body_raw": texts.SARawBody,
		"mimeheader": texts.MIMEHeader, "sabody": texts.SABody, "sarawbody": texts.SARawBody, "uri": texts.URL, "message": texts.Body,
	}
	for k := texts.Header; k <= texts.Selector; k++ {
		all[k.String()] = k
	}
	return all
}

// read consumes flags and returns how many bytes they have.
func (f *flags) read(s string) (n int, err error) {
	for n < len(s) {
		c := s[n]
		if k, ok := shorts()[c]; ok {
			f.kind, f.typed = k, true
			n++
			continue
		}
		switch c {
		case 'i', 'm', 's', 'x':
			f.perl += string(c)
		case 'u', 'r', 'o', 'O', 'L', 'T': // how Rspamd's engine works, and what it logs
		case 'S':
			f.strong = true
		case 'A':
			f.multiple = true
		case '{':
			end := strings.IndexByte(s[n:], '}')
			if end < 0 {
				return n, fmt.Errorf("the type's brace is not closed")
			}
			name := strings.ToLower(s[n+1 : n+end])
			k, ok := longs()[name]
			if !ok {
				return n, fmt.Errorf("type {%s} is not known%s", name, nearest.Hint(name, maps.Keys(longs())))
			}
			f.kind, f.typed = k, true
			n += end
		default:
			if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
				return n, fmt.Errorf("flag %q is not known", c)
			}
			return n, nil
		}
		n++
	}
	return n, nil
}
