package freemail

import (
	"bufio"
	"crypto/sha256"
	_ "embed" // the lists
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
)

//go:embed data/freemail.txt
var freemailText string

//go:embed data/disposable.txt
var disposableText string

// A list is a set of domains as text: one a line, sorted, each line ended. It
// is searched as it is, so that the built-in lists cost neither time nor memory
// until somebody looks.
type list struct {
	text string
	name string // of a built-in list
	wild string // the part of text whose lines begin with a dot: the first one
}

func builtinFreemail() list { return newList(freemailText, "built-in") }

func builtinDisposable() list { return newList(disposableText, "built-in") }

func newList(text, name string) list {
	wild := 0
	for wild < len(text) && text[wild] <= '.' {
		wild += strings.IndexByte(text[wild:], '\n') + 1
	}
	return list{text, name, text[:wild]}
}

func choose(domains []string, builtin func() list) list {
	if domains == nil {
		return builtin()
	}
	lines := make([]string, 0, len(domains))
	for _, d := range domains {
		if d = clean(d); d != "" {
			lines = append(lines, d+"\n")
		}
	}
	slices.Sort(lines)
	return newList(strings.Join(slices.Compact(lines), ""), "")
}

func clean(domain string) string {
	return strings.ToLower(strings.TrimSuffix(strings.TrimSpace(domain), "."))
}

// digest identifies the list in a Scanner's configuration.
func (l list) digest() string {
	if l.name != "" {
		return l.name
	}
	sum := sha256.Sum256([]byte(l.text))
	return hex.EncodeToString(sum[:])
}

// maxDomain is the longest name that DNS has.
const maxDomain = 253

// has reports whether domain, in lower case, is on the list or below one that
// is there with a dot before it.
func (l list) has(domain string) bool {
	if len(domain) > maxDomain {
		return false
	}
	if hasLine(l.text, domain) {
		return true
	}
	for l.wild != "" {
		i := strings.IndexByte(domain, '.')
		if i < 0 {
			break
		}
		if hasLine(l.wild, domain[i:]) {
			return true
		}
		domain = domain[i+1:]
	}
	return false
}

// hasLine finds a whole line of a sorted text by bisection.
func hasLine(text, want string) bool {
	lo, hi := 0, len(text)
	for lo < hi {
		mid := lo + (hi-lo)/2
		start := lo + strings.LastIndexByte(text[lo:mid], '\n') + 1
		end := start + strings.IndexByte(text[start:], '\n')
		switch strings.Compare(text[start:end], want) {
		case 0:
			return true
		case -1:
			lo = end + 1
		default:
			hi = start
		}
	}
	return false
}

// ReadList reads a list for Options: one domain a line, "#" begins a comment.
func ReadList(r io.Reader) ([]string, error) {
	domains := []string{}
	sc := bufio.NewScanner(r)
	for n := 1; sc.Scan(); n++ {
		text, _, _ := strings.Cut(sc.Text(), "#")
		d := clean(text)
		if d == "" {
			continue
		}
		if strings.ContainsAny(d, " \t@/") {
			return nil, fmt.Errorf("freemail list: line %d: %q is no domain", n, d)
		}
		domains = append(domains, d)
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("freemail list: %w", err)
	}
	return domains, nil
}
