package freemail

import (
	"bufio"
	"crypto/sha256"
	_ "embed" // the lists
	"encoding/hex"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"strings"
	"sync"

	"github.com/winnowmail/winnow/mail"
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
	wild string // the beginning of text: its lines that begin with a dot
	// filter excludes most names that are not in text without a search; it is
	// made when the first name is looked up.
	filter func() filter
}

// Domains are domains, and what is below those that begin with a dot.
type Domains struct{ list list }

// Providers returns domains, nil meaning the package's providers of free
// mailboxes.
func Providers(domains []string) Domains { return Domains{choose(domains, builtinFreemail)} }

// Has reports whether a domain, as mail.DomainKey gives it, is one of them.
func (d Domains) Has(domain string) bool { return d.list.has(domain) }

// Digest identifies the domains in a Scanner's configuration.
func (d Domains) Digest() string { return d.list.digest() }

// A filter is a set of hashes as bits; a name whose bit is not set is not in
// the set.
type filter []uint64

func newFilter(text string) filter {
	f := make(filter, 1<<bits.Len(uint(strings.Count(text, "\n")/8)))
	for line := range strings.Lines(text) {
		i := f.bit(strings.TrimSuffix(line, "\n"))
		f[i/64] |= 1 << (i % 64)
	}
	return f
}

// bit is where the name's hash (FNV-1a) points to.
func (f filter) bit(name string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	return (h ^ h>>32) % (64 * uint64(len(f)))
}

func (f filter) may(name string) bool {
	i := f.bit(name)
	return f[i/64]&(1<<(i%64)) != 0
}

func builtinFreemail() list { return newList(freemailText) }

func builtinDisposable() list { return newList(disposableText) }

func newList(text string) list {
	wild := 0
	for wild < len(text) && text[wild] <= '.' {
		wild += strings.IndexByte(text[wild:], '\n') + 1
	}
	return list{text, text[:wild], sync.OnceValue(func() filter { return newFilter(text) })}
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
	return newList(strings.Join(slices.Compact(lines), ""))
}

func clean(domain string) string {
	return mail.DomainKey(strings.TrimSpace(domain))
}

// digest identifies the list in a Scanner's configuration.
func (l list) digest() string {
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
	if l.filter().may(domain) && hasLine(l.text, domain) {
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
