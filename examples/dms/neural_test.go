package main

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/examples/internal/state"
	"github.com/winnowmail/winnow/neural"
)

// TestNeural collects a vector of a message, once.
func TestNeural(t *testing.T) {
	dir := t.TempDir()
	url, log, stop := start(t, "-state", dir, "-neural", "-profile", "dms")
	for range 2 {
		if reply := scanOne(t, url); strings.Contains(reply, "NEURAL") {
			t.Errorf("a net that nobody trained says %s", reply)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	if code := stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, log)
	}
	store, err := state.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for _, r := range neural.Mailserver() {
		st, err := store.LogState(t.Context(), "neural:"+r.Name+":spam")
		if err != nil || st.Next != 2 {
			t.Errorf("%s: %+v, %v", r.Name, st, err)
		}
	}
}

func TestNeuralNeedsState(t *testing.T) {
	var errs bytes.Buffer
	if code := run(t.Context(), []string{"-neural"}, io.Discard, &errs); code != 2 || !strings.Contains(errs.String(), "-neural needs -state") {
		t.Errorf("exit code %d: %s", code, &errs)
	}
}
