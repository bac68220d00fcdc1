package winnow_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/winnowmail/winnow"

// A floor says what packages may import beside the standard library, their
// tests apart. Patterns are of path.Match; a trailing "/..." means everything
// below as well. The first floor that matches a package is its own.
type floor struct {
	packages string   // of this module; "." is the root
	may      []string // of this module
	outside  []string // import paths of other modules
}

// floors is the house's plan, from the ground up.
func floors() []floor {
	frame := []string{"mail", "symbols", "actions", "resolver", "storage", "lists"}
	below := append([]string{"checks/...", "score", "signing", "bayes/...", "internal/..."}, frame...)
	return []floor{
		{packages: "symbols"},
		{packages: "actions"},
		{packages: "resolver"},
		{packages: "resolver/dnsclient", may: []string{"resolver"}, outside: []string{"github.com/miekg/dns", "golang.org/x/net/ipv4", "golang.org/x/net/ipv6"}},
		{packages: "resolver/zone", may: []string{"resolver"}},
		{packages: "resolver/resolvertest", may: []string{"resolver", "resolver/zone"}, outside: []string{"github.com/miekg/dns"}},
		{packages: "lists", may: []string{"internal/matcher", "internal/perlre"}, outside: []string{"github.com/cespare/xxhash/v2"}},
		{packages: "storage"},
		{packages: "storage/redis", may: []string{"storage", "internal/nearest"}, outside: []string{"github.com/redis/go-redis/v9", "github.com/redis/go-redis/v9/maintnotifications"}},
		{packages: "storage/bolt", may: []string{"storage"}, outside: []string{"go.etcd.io/bbolt", "go.etcd.io/bbolt/errors"}},
		{packages: "storage/*", may: []string{"storage"}},
		{packages: "internal/gendocs", may: append([]string{".", "neural", "config/scanner"}, below...)},
		{packages: "internal/dnsscan", may: []string{"resolver"}},
		{packages: "internal/newcheck"},
		{packages: "internal/headercommands", may: []string{"actions", "mail"}},
		{packages: "internal/intake", may: []string{".", "mail"}},
		{packages: "internal/milterguard"},
		{packages: "internal/statetest", may: []string{"storage", "storage/bolt"}},
		{packages: "internal/redistest", may: []string{"storage/redis"}},
		{packages: "internal/shared", may: []string{"resolver", "resolver/zone"}},
		{packages: "internal/profile", may: []string{"actions", "score", "symbols"}},
		{packages: "internal/zbase32", outside: []string{"golang.org/x/crypto/blake2b"}},
		{packages: "internal/keyhash", may: []string{"internal/zbase32"}, outside: []string{"golang.org/x/crypto/blake2b"}},
		{packages: "internal/passhash", may: []string{"internal/zbase32"}, outside: []string{"golang.org/x/crypto/blake2b"}},
		{packages: "internal/stem", outside: []string{"github.com/blevesearch/snowballstem/..."}},
		{packages: "internal/worktest", outside: []string{"golang.org/x/sys/unix"}},
		{packages: "internal/publicsuffix", outside: []string{"golang.org/x/net/publicsuffix", "golang.org/x/net/idna"}},
		{packages: "internal/...", may: []string{"internal/..."}, outside: []string{
			"golang.org/x/text/...", "golang.org/x/net/idna", "github.com/gogs/chardet",
		}},
		{packages: "mail", may: []string{"internal/..."}, outside: []string{
			"github.com/emersion/go-message/textproto",
			"golang.org/x/text/...", "golang.org/x/net/idna",
			"github.com/gogs/chardet", "github.com/abadojack/whatlanggo", "github.com/clipperhouse/uax29/...",
		}},
		{packages: "score", may: []string{"symbols", "internal/nearest", "internal/perlre"}},
		{packages: "checks", may: append([]string{"internal/exact"}, frame...)},
		{packages: "checks/checktest", may: append([]string{"checks", "score", "resolver/zone"}, frame...), outside: []string{"golang.org/x/tools/txtar"}},
		{packages: "checks/option", may: []string{"internal/nearest"}},
		{packages: "checks/standard", may: []string{"checks", "checks/*", "symbols"}},
		{packages: "bayes/osb", may: []string{"bayes", "bayes/counts", "bayes/internal/lesson", "mail", "storage", "internal/charset", "internal/publicsuffix", "internal/stem", "internal/zbase32"}, outside: []string{
			"github.com/cespare/xxhash/v2", "github.com/clipperhouse/uax29/...", "golang.org/x/text/unicode/norm",
		}},
		{packages: "bayes/internal/lesson", may: []string{"bayes", "storage"}},
		{packages: "bayes/naive", may: []string{"bayes", "bayes/counts", "bayes/internal/lesson", "mail", "storage"}, outside: []string{"github.com/cespare/xxhash/v2", "github.com/jbrukh/bayesian"}},
		{packages: "bayes/fused", may: []string{"mail", "internal/adagrad"}},
		{packages: "bayes/archive"},
		{packages: "bayes/counts", may: []string{"storage"}},
		{packages: "bayes/prior", may: []string{"bayes/fused"}},
		{packages: "bayes", may: []string{"bayes/fused", "mail", "storage"}},
		{packages: "signing", may: []string{"mail", "resolver", "internal/..."}, outside: []string{"golang.org/x/net/idna"}},
		{packages: "checks/asn/maxmind", may: []string{"checks", "checks/asn"}, outside: []string{"github.com/oschwald/maxminddb-golang/v2"}},
		{packages: "checks/msgauth", may: append([]string{"checks", "checks/*"}, frame...), outside: []string{"github.com/emersion/go-msgauth/authres"}},
		{packages: "checks/authres", may: append([]string{"checks", "checks/*", "internal/..."}, frame...), outside: []string{"github.com/emersion/go-msgauth/authres"}},
		{packages: "checks/dmarcreport", may: append([]string{"."}, below...), outside: []string{"github.com/emersion/go-message/mail"}}, // it follows scans and is no check
		{packages: "neural", may: append([]string{"."}, below...)},
		{packages: "history", may: append([]string{"."}, below...), outside: []string{"github.com/klauspost/compress/zstd", "golang.org/x/crypto/blake2b"}},
		{packages: "checks/selector", may: append([]string{"checks", "checks/*", "internal/..."}, frame...), outside: []string{"golang.org/x/crypto/blake2b"}},
		{packages: "checks/*", may: append([]string{"checks", "checks/*", "score", "signing", "bayes/...", "internal/..."}, frame...), outside: []string{
			"golang.org/x/text/...", "golang.org/x/net/idna",
		}},
		{packages: ".", may: below, outside: []string{"github.com/emersion/go-message/textproto"}},
		{packages: "config/ucl"},
		{packages: "config/dms"},
		{packages: "config/scanner", may: append([]string{".", "config", "config/ucl", "neural", "settings", "exporter", "lists"}, below...)},
		{packages: "config", may: []string{"config/ucl", "checks/option", "internal/nearest"}},
		{packages: "config/stock", may: []string{"config/dms", "config/ucl"}},
		{packages: "milter", may: append([]string{"."}, below...), outside: []string{"github.com/d--j/go-milter"}},
		{packages: "quarantine", may: append([]string{"."}, below...), outside: []string{"filippo.io/age"}},
		{packages: "exporter", may: append([]string{"."}, below...)},
		{packages: "settings", may: append([]string{".", "config/ucl", "lists"}, below...)},
		{packages: "controller", may: append([]string{".", "settings", "config/ucl"}, below...)},
		{packages: "examples/smtpd", may: []string{".", "..."}, outside: []string{"github.com/emersion/go-smtp", "github.com/emersion/go-sasl"}},
		{packages: "examples/maddycheck", may: []string{".", "actions", "mail"}, outside: []string{"github.com/emersion/go-message/textproto"}},
		{packages: "examples/internal/postfix", outside: []string{"github.com/emersion/go-smtp"}},
		{packages: "examples/internal/state", may: []string{"bayes", "bayes/*", "checks/statistics", "storage", "storage/*"}},
		{packages: "examples/dms", may: []string{".", "..."}, outside: []string{"filippo.io/age", "github.com/emersion/go-smtp", "github.com/klauspost/compress/zstd", "github.com/coreos/go-systemd/v22/activation", "github.com/coreos/go-systemd/v22/daemon"}},
		{packages: "examples/lab", may: []string{".", "..."}, outside: []string{"github.com/redis/go-redis/v9"}},
		{packages: "examples/scan", may: []string{".", "..."}, outside: []string{"github.com/redis/go-redis/v9"}},
		{packages: "examples/*", may: []string{".", "..."}},
	}
}

// neverLinked are packages that whoever imports the root does not get.
func neverLinked() []string {
	return []string{
		"go.etcd.io/bbolt", "github.com/miekg/dns", "github.com/redis/go-redis", "github.com/emersion/go-milter", "github.com/d--j/go-milter", "github.com/jbrukh/bayesian",
		"github.com/emersion/go-smtp", "github.com/emersion/go-message/charset", "github.com/klauspost/compress",
		module + "/history", module + "/neural", module + "/milter", module + "/controller", module + "/settings", module + "/exporter", module + "/quarantine", "filippo.io/age", module + "/config", module + "/examples",
		module + "/bayes/prior", module + "/storage/bolt", module + "/storage/redis", module + "/resolver/dnsclient", module + "/resolver/resolvertest",
		"testing", "expvar", "net/http/pprof",
	}
}

type listed struct {
	ImportPath string
	Dir        string
	Standard   bool
	Imports    []string
	GoFiles    []string
	Module     *struct{ Path string }
}

// outsideWorkspace runs the go command in a module's directory as if there
// were no go.work: there, a package would find what only another module
// requires.
func outsideWorkspace(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		if e, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("go %s: %s", args[0], e.Stderr)
		}
		t.Fatal(err)
	}
	return out
}

// goList lists packages of the module in dir, the root's being ".".
func goList(t *testing.T, dir string, args ...string) []listed {
	t.Helper()
	out := outsideWorkspace(t, dir, append([]string{"list", "-json=ImportPath,Dir,Standard,Imports,GoFiles,Module"}, args...)...)
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var l listed
		if err := dec.Decode(&l); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
}

// everyPackage lists the packages of the library's module and of the
// programs'.
func everyPackage(t *testing.T) []listed {
	t.Helper()
	return append(goList(t, ".", "./..."), goList(t, "examples", "./...")...)
}

func matches(pattern, name string) bool {
	if pattern == "..." {
		return true
	}
	if prefix, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == prefix || strings.HasPrefix(name, prefix+"/")
	}
	ok, _ := path.Match(pattern, name)
	return ok
}

func anyMatch(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, name) })
}

// local returns a package's path within the module, "." for the root.
func local(importPath string) (string, bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

func TestImportsKeepToTheirFloor(t *testing.T) {
	for _, p := range everyPackage(t) {
		if len(p.GoFiles) == 0 {
			continue
		}
		name, _ := local(p.ImportPath)
		i := slices.IndexFunc(floors(), func(f floor) bool { return matches(f.packages, name) })
		if i < 0 {
			t.Errorf("package %s has no floor: add it to the table", name)
			continue
		}
		f := floors()[i]
		for _, imp := range p.Imports {
			if mine, ok := local(imp); ok {
				if !anyMatch(f.may, mine) {
					t.Errorf("%s imports %s, which does not stand below it", name, mine)
				}
			} else if strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") && !anyMatch(f.outside, imp) {
				t.Errorf("%s imports %s, which is not among its outside modules", name, imp)
			} else if imp == "log" || imp == "unsafe" || imp == "C" || imp == "plugin" {
				t.Errorf("%s imports %s", name, imp)
			}
		}
	}
}

func TestRootLinksNoAdapter(t *testing.T) {
	for _, p := range goList(t, ".", "-deps", ".") {
		for _, never := range neverLinked() {
			if p.ImportPath == never || strings.HasPrefix(p.ImportPath, never+"/") {
				t.Errorf("importing the root links %s", p.ImportPath)
			}
		}
	}
}

// TestModuleRequiresWhatItLinks holds that whoever requires the library gets
// no module that only its programs, tests or developers' tools need.
func TestModuleRequiresWhatItLinks(t *testing.T) {
	linked := map[string]bool{}
	for _, p := range goList(t, ".", "-deps", "./...") {
		if p.Module != nil {
			linked[p.Module.Path] = true
		}
	}
	var mod struct{ Require []struct{ Path string } }
	if err := json.Unmarshal(outsideWorkspace(t, ".", "mod", "edit", "-json"), &mod); err != nil {
		t.Fatal(err)
	}
	for _, r := range mod.Require {
		if !linked[r.Path] {
			t.Errorf("go.mod requires %s, which no package links", r.Path)
		}
	}
}

// TestImportingHasNoEffect holds that no package does work when it is merely
// imported: no init function, no regular expression compiled at import.
func TestImportingHasNoEffect(t *testing.T) {
	for _, p := range everyPackage(t) {
		for _, file := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), p.Dir+"/"+file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				switch d := d.(type) {
				case *ast.FuncDecl:
					if d.Recv == nil && d.Name.Name == "init" {
						t.Errorf("%s/%s has an init function", p.ImportPath, file)
					}
				case *ast.GenDecl:
					if d.Tok == token.VAR && compilesRegexp(d) {
						t.Errorf("%s/%s compiles a regular expression at import", p.ImportPath, file)
					}
				}
			}
		}
	}
}

// compilesRegexp reports whether a declaration calls regexp.MustCompile
// outside a function literal.
func compilesRegexp(d *ast.GenDecl) bool {
	found := false
	ast.Inspect(d, func(n ast.Node) bool {
		if _, ok := n.(*ast.FuncLit); ok {
			return false
		}
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "regexp" && strings.HasPrefix(s.Sel.Name, "MustCompile") {
				found = true
			}
		}
		return !found
	})
	return found
}
