package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/redistest"
)

// Nets that files describe collect vectors with the server that the files name.
func TestNeuralByFiles(t *testing.T) {
	common, own := redistest.Start(t), redistest.Start(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "local.d"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"redis.conf":        "servers = \"" + common.Addr + "\";\n",
		"neural.conf":       "servers = \"" + own.Addr + "\"; rules { NEURAL_SHORT { train { spam_score = 1; ham_score = -1; } symbol_spam = \"N_SPAM\"; symbol_ham = \"N_HAM\"; } }\n",
		"neural_group.conf": "symbols { N_SPAM { weight = 2; } N_HAM { weight = -2; } }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, "local.d", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	url, log, stop := start(t, "-config", dir, "-dns", "none")
	scanOne(t, url)
	http.DefaultClient.CloseIdleConnections()
	if code := stop(); code != 0 || strings.Contains(log.String(), "no check raises the symbol") {
		t.Errorf("exit code %d: %s", code, log)
	}
	if keys := own.Must("KEYS", "*neural*short*"); keys == "" {
		t.Errorf("the net collected nothing: %s", own.Must("KEYS", "*"))
	}
	if keys := common.Must("KEYS", "*neural*"); keys != "" {
		t.Errorf("%s with the common server", keys)
	}
}
