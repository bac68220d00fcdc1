package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/winnowmail/winnow/checks/composites"
)

func TestPageIsUpToDate(t *testing.T) {
	got, err := os.ReadFile("../../docs/symbols.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, page(everything(), composites.Default())) {
		t.Error("docs/symbols.md is not what the declarations say: run go generate ./...")
	}
}
