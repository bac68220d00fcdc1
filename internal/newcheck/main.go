// Newcheck makes a new family of checks with one symbol, its test and a
// fixture that shows it firing and one that guards against false positives.
// It is what make new-check runs, from the module's root.
package main

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
)

//go:embed templates
var templates embed.FS

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, errs io.Writer) int {
	if len(args) != 1 {
		fmt.Fprintln(errs, "usage: newcheck NAME")
		return 2
	}
	files, err := scaffold(args[0])
	if err == nil {
		err = write(filepath.Join("checks", args[0]), files)
	}
	if err != nil {
		fmt.Fprintln(errs, "newcheck:", err)
		return 1
	}
	fmt.Fprintf(out, `checks/%[1]s is there. Next:
  edit checks/%[1]s/%[1]s.go
  go test ./checks/%[1]s -update      writes what the fixtures raise; read the diff
  add %[1]s.New() to checks/standard/standard.go
  go generate ./...                   brings docs/symbols.md up to date
`, args[0])
	return 0
}

// scaffold returns the files of a family by their name in its folder.
func scaffold(name string) (map[string][]byte, error) {
	if !regexp.MustCompile(`^[a-z][a-z0-9]*$`).MatchString(name) {
		return nil, fmt.Errorf("%q is no package name: lower-case letters and digits only", name)
	}
	all, err := template.ParseFS(templates, "templates/*")
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, t := range all.Templates() {
		var b strings.Builder
		if err := t.Execute(&b, map[string]string{"Name": name, "Symbol": strings.ToUpper(name) + "_EXAMPLE"}); err != nil {
			return nil, err
		}
		target := strings.ReplaceAll(strings.TrimSuffix(t.Name(), ".tmpl"), "family", name)
		if strings.HasSuffix(target, ".txtar") {
			target = filepath.Join("testdata", target)
		}
		files[target] = []byte(b.String())
	}
	return files, nil
}

func write(dir string, files map[string][]byte) error {
	if _, err := os.Stat("go.mod"); err != nil {
		return errors.New("run it in the module's root")
	}
	if _, err := os.Stat(dir); err == nil {
		return fmt.Errorf("%s is there already", dir)
	}
	if err := os.MkdirAll(filepath.Join(dir, "testdata"), 0o755); err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
