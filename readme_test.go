package winnow_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadmeCompiles builds the README's Go code as one package of a program
// that uses the library.
func TestReadmeCompiles(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for i, block := range strings.Split(string(readme), "```go\n") {
		if body, _, ok := strings.Cut(block, "```"); ok && i > 0 {
			code.WriteString(body + "\n")
		}
	}
	if code.Len() == 0 {
		t.Fatal("the README has no Go code")
	}
	var imports strings.Builder
	for name, path := range map[string]string{
		"context": "context", "winnow": module, "mail": module + "/mail", "actions": module + "/actions",
		"resolver": module + "/resolver", "dnsclient": module + "/resolver/dnsclient",
	} {
		if strings.Contains(code.String(), name+".") {
			fmt.Fprintf(&imports, "import %q\n", path)
		}
	}
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "readme.go")
	if err := os.WriteFile(file, []byte("package readme\n"+imports.String()+code.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, "internal", "zzreadme", "readme.go"): file}})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-overlay", list, "./internal/zzreadme")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as test.sh has compiled the rest
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
