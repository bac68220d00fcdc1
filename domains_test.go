package winnow_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// keyed are the places that may compare domains as they stand, for these are
// in the form of mail.DomainKey already.
func keyed() []string {
	return []string{
		"internal/idn", "mail/domain.go", // make the form
		"checks/mxcheck/mxcheck.go", "checks/dmarc/evaluate.go", "checks/dmarc/search.go", // their results hold it
	}
}

// One domain has several forms (upper case, U-labels, a final dot), so nothing
// compares domains or addresses as they are written: mail.DomainKey and its
// kin do.
func TestDomainsAreComparedInOneForm(t *testing.T) {
	fset := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || path == "storage"):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		case slices.ContainsFunc(keyed(), func(k string) bool { return strings.HasPrefix(path, k) }):
			return nil
		}
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if comparesAsWritten(n) {
				t.Errorf("%s compares a domain or an address as it is written: take mail.DomainKey, Address.Key, Same or SameDomain", fset.Position(n.Pos()))
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func comparesAsWritten(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		return (n.Op == token.EQL || n.Op == token.NEQ) && (isDomain(n.X) && !isLiteral(n.Y) || isDomain(n.Y) && !isLiteral(n.X))
	case *ast.IndexExpr:
		return isDomain(n.Index)
	case *ast.CallExpr:
		f, ok := n.Fun.(*ast.SelectorExpr)
		return ok && slices.Contains([]string{"ToLower", "EqualFold", "Contains", "ContainsFold", "HasSuffix"}, f.Sel.Name) &&
			slices.ContainsFunc(n.Args, isDomain)
	}
	return false
}

// isDomain reports whether an expression is a field that holds a domain or an
// address with one.
func isDomain(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok || s.Sel.Name == "Addr" && isIdent(s.X, "netip") { // the type
		return false
	}
	return s.Sel.Name == "Domain" || s.Sel.Name == "Addr" || s.Sel.Name == "FromDomain"
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

func isLiteral(e ast.Expr) bool {
	_, ok := e.(*ast.BasicLit)
	return ok
}

func TestComparesAsWritten(t *testing.T) {
	for text, want := range map[string]bool{
		"a.Domain == b.Domain": true, "d != from.Domain": true, "known[s.Domain]": true, "strings.ToLower(a.Addr)": true,
		"strings.EqualFold(x, list[0].Domain)": true, "slices.Contains(all, s.Domain)": true,
		`a.Domain != ""`: false, "a.SameDomain(b)": false, "known[mail.DomainKey(s.Domain)]": false, "len(a.Domain) > 3": false,
	} {
		e, err := parser.ParseExpr(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := comparesAsWritten(e); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}
