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
	if !bytes.Equal(got, page(everything(), optional(), composites.Default())) {
		t.Error("docs/symbols.md is not what the declarations say: run go generate ./...")
	}
}

func TestOptionalSymbols(t *testing.T) {
	for _, f := range optional() {
		if f.Err != nil {
			t.Error(f.Err)
		}
	}
	got := page(nil, optional(), nil)
	for _, name := range []string{"DMARC_MUNGED", "RBL_SENDERSCORE_REPUT_0", "URIBL_SBL_CSS", "SPAMHAUS_ZRD_FRESH"} {
		if !bytes.Contains(got, []byte("| `"+name+"` |")) {
			t.Errorf("%s is not on the page", name)
		}
	}
}
