package main

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
)

// reply is what the tests look at in the service's JSON.
type reply struct {
	Action  string  `json:"action"`
	Score   float64 `json:"score"`
	Skipped any     `json:"is_skipped"`
}

func serve(t *testing.T) string {
	t.Helper()
	scanner, err := winnow.New(winnow.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler(scanner))
	t.Cleanup(func() {
		server.Close()
		if err := scanner.Close(t.Context()); err != nil {
			t.Log(err) // the test's context has ended
		}
	})
	return server.URL
}

// form makes a form; a nil file is a forgotten field.
func form(t *testing.T, file []byte) (contentType string, body io.Reader) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	w.WriteField("from", "a@example.org")
	w.WriteField("rcpt", "b@example.net")
	w.WriteField("rcpt", "c@example.net")
	if file != nil {
		part, err := w.CreateFormFile("mail", "a.eml")
		if err != nil {
			t.Fatal(err)
		}
		part.Write(file)
	}
	w.Close()
	return w.FormDataContentType(), &b
}

func post(t *testing.T, url, contentType string, body io.Reader) (int, []byte) {
	t.Helper()
	resp, err := http.Post(url, contentType, body)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, data
}

func TestUploads(t *testing.T) {
	url := serve(t)
	spam, err := os.ReadFile("../../testdata/spam.eml")
	if err != nil {
		t.Fatal(err)
	}
	large := append(spam[:len(spam):len(spam)], strings.Repeat("more text\r\n", 2*maxMemory/11)...) // goes through a file
	for name, c := range map[string]struct {
		file    []byte
		action  string
		skipped bool
	}{
		"spam": {spam, "reject", false}, "large": {large, "reject", false},
		"an empty file": {[]byte{}, "no action", true}, "a forgotten field": {nil, "no action", true},
	} {
		contentType, body := form(t, c.file)
		code, data := post(t, url, contentType, body)
		var got reply
		if err := json.Unmarshal(data, &got); err != nil || code != http.StatusOK {
			t.Errorf("%s: %d, %v: %s", name, code, err, data)
			continue
		}
		if got.Action != c.action || (got.Score == 0) != c.skipped || got.Skipped != c.skipped {
			t.Errorf("%s: %s", name, data)
		}
	}
}

func TestNoForm(t *testing.T) {
	url := serve(t)
	if code, data := post(t, url, "text/plain", strings.NewReader("hello")); code != http.StatusBadRequest {
		t.Errorf("%d: %s", code, data)
	}
	contentType, body := form(t, make([]byte, maxUpload))
	if code, data := post(t, url, contentType, body); code != http.StatusRequestEntityTooLarge {
		t.Errorf("%d: %s", code, data)
	}
}
