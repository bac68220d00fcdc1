package urls

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	hasWP = &symbols.Def{
		Name: "HAS_WP_URI", Groups: []string{"compromised_hosts"}, OneShot: true,
		Doc: "a URL has a path of WordPress",
	}
	wpCompromised = &symbols.Def{
		Name: "WP_COMPROMISED", Groups: []string{"compromised_hosts"}, OneShot: true,
		Doc: "a URL leads into a directory beside those of WordPress, as intruders create them",
	}
	hiddenPath = &symbols.Def{
		Name: "URI_HIDDEN_PATH", Groups: []string{"compromised_hosts"}, Weight: 1,
		Doc: "the path of a URL has a part that begins with a dot",
	}
	onion = &symbols.Def{
		Name: "HAS_ONION_URI", Groups: group(),
		Doc: "a URL names an onion service",
	}
	ipfsGateway = &symbols.Def{
		Name: "HAS_IPFS_GATEWAY_URL", Groups: group(), Weight: 6, OneShot: true,
		Doc: "a URL leads to content of IPFS through a gateway",
	}
	gucProxy = &symbols.Def{
		Name: "HAS_GUC_PROXY_URI", Groups: group(), Weight: 1,
		Doc: "a URL goes through the image proxy of googleusercontent.com",
	}
	googleRedirect = &symbols.Def{
		Name: "HAS_GOOGLE_REDIR", Groups: group(), Weight: 1,
		Doc: "a URL goes through a redirector of Google",
	}
	googleFirebase = &symbols.Def{
		Name: "HAS_GOOGLE_FIREBASE_URL", Groups: group(), Weight: 2,
		Doc: "a URL leads to storage at firebasestorage.googleapis.com",
	}
	fileURL = &symbols.Def{
		Name: "HAS_FILE_URL", Groups: group(), Weight: 2,
		Doc: "a URL has the scheme file",
	}
)

func targetSymbols() []*symbols.Def {
	return []*symbols.Def{hasWP, wpCompromised, hiddenPath, onion, ipfsGateway, gucProxy, googleRedirect, googleFirebase, fileURL}
}

// targetRule is one symbol that a URL's text raises.
type targetRule struct {
	def   *symbols.Def
	match func(text string) bool
}

func targetRules() [8]targetRule {
	return [...]targetRule{
		{hasWP, isWordPress},
		{wpCompromised, isWordPressBeside},
		{onion, isOnion},
		{ipfsGateway, isIPFS},
		{gucProxy, func(s string) bool {
			return strings.Contains(s, ".googleusercontent.com/proxy") || strings.Contains(s, "/googleusercontent.com/proxy")
		}},
		{googleRedirect, isGoogleRedirect},
		{googleFirebase, func(s string) bool {
			return strings.Contains(s, "/firebasestorage.googleapis.com/") || strings.Contains(s, ".firebasestorage.googleapis.com/")
		}},
		{fileURL, func(s string) bool { return strings.HasPrefix(s, "file://") }},
	}
}

func runTargets(_ context.Context, t *checks.Task) error {
	rules := targetRules()
	var done [len(rules)]bool
	hidden := false
	for _, u := range t.Message().URLs() {
		if u.Flags&(mail.URLImage|mail.URLLoaded) != 0 {
			continue // as Rspamd: pictures are shown, not followed
		}
		text := strings.ToLower(u.Text)
		for i, r := range rules {
			if !done[i] && r.match(text) {
				done[i] = true
				t.HitAt(symbols.Hit{Def: r.def, Factor: 1, Evidence: checks.URL(u)})
			}
		}
		if !hidden && u.Flags&(mail.URLSubject|mail.URLHTMLDisplayed) != mail.URLSubject|mail.URLHTMLDisplayed &&
			isHidden(u.Path) {
			hidden = true
			t.HitAt(symbols.Hit{Def: hiddenPath, Factor: 1, Options: []string{u.Text}, Evidence: checks.URL(u)})
		}
	}
	return nil
}

// isWordPress looks for a path component wp-….
func isWordPress(s string) bool {
	for {
		i := strings.Index(s, "/wp-")
		if i < 0 {
			return false
		}
		s = s[i+len("/wp-"):]
		if j := strings.IndexByte(s, '/'); j > 0 {
			return true
		}
	}
}

// isWordPressBeside looks for a directory whose name begins with one of
// WordPress's own but is longer.
func isWordPressBeside(s string) bool {
	for _, name := range [...]string{"/wp-content", "/wp-includes"} {
		for rest := s; ; {
			i := strings.Index(rest, name)
			if i < 0 {
				break
			}
			rest = rest[i+len(name):]
			if j := strings.IndexByte(rest, '/'); j > 0 {
				return true
			}
		}
	}
	return false
}

// isHidden reports whether a path, without leading slash, has a component that
// begins with a dot and a letter or digit, or climbs with "..". What is
// registered as /.well-known/ is not hidden.
func isHidden(path string) bool {
	if len(path) > 1 && path[0] == '.' && ascii.IsWord(path[1]) && path[1] != '_' {
		return !strings.HasPrefix(path, ".well-known/") && !strings.HasPrefix(path, ".well_known/")
	}
	for rest := path; ; {
		i := strings.Index(rest, "/.")
		if i < 0 {
			return false
		}
		rest = rest[i:]
		if strings.HasPrefix(rest, "/../") {
			return true
		}
		well := ascii.HasPrefixFold(rest, "/.well-known/") || ascii.HasPrefixFold(rest, "/.well_known/")
		if len(rest) > 2 && ascii.IsWord(rest[2]) && rest[2] != '_' && !well {
			return true
		}
		rest = rest[2:]
	}
}

// isOnion looks for the name of an onion service, old (16) or new (56
// characters).
func isOnion(s string) bool {
	for {
		i := strings.Index(s, ".onio")
		if i < 0 {
			return false
		}
		n := 0
		for n < i && n < 56 && isAlnum(s[i-n-1]) {
			n++
		}
		if n >= 16 {
			return true
		}
		s = s[i+len(".onio"):]
	}
}

func isAlnum(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

// isIPFS looks for a content identifier beside the word ipfs.
func isIPFS(s string) bool {
	i := strings.Index(s, "ipfs")
	for i >= 0 && (i+4 >= len(s) || strings.IndexByte(".-_/?", s[i+4]) < 0) {
		j := strings.Index(s[i+4:], "ipfs")
		if j < 0 {
			return false
		}
		i += 4 + j
	}
	if i < 0 {
		return false
	}
	for from := 0; from < len(s); {
		n := 0
		for from+n < len(s) && isAlnum(s[from+n]) {
			n++
		}
		if n >= 46 && strings.HasPrefix(s[from:], "qm") || n >= 45 && strings.IndexByte("bfvzmu", s[from]) >= 0 {
			return true
		}
		from += n + 1
	}
	return false
}

// isGoogleRedirect looks for google.TLD/url? and google.TLD/amp/s/.
func isGoogleRedirect(s string) bool {
	for {
		i := strings.Index(s, "google.")
		if i < 0 {
			return false
		}
		before := i > 0 && (s[i-1] == '.' || s[i-1] == '/')
		s = s[i+len("google."):]
		tld, path, ok := strings.Cut(s, "/")
		if before && ok && googleTLD(tld) && (strings.HasPrefix(path, "amp/s/") || strings.HasPrefix(path, "url?")) {
			return true
		}
	}
}

func googleTLD(s string) bool {
	if s == "info" || s == "jobs" {
		return true
	}
	a, b, two := strings.Cut(s, ".")
	return shortLetters(a) && (!two || shortLetters(b))
}

func shortLetters(s string) bool {
	return (len(s) == 2 || len(s) == 3) && ascii.Span(s, ascii.IsLetter) == len(s)
}
