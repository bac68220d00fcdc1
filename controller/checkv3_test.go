package controller

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
)

// form writes a request's body from parts, "NAME: text" each.
func form(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		name, text, _ := strings.Cut(p, ": ")
		b.WriteString("--b1\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + text + "\r\n")
	}
	return b.String() + "--b1--\r\n"
}

func postForm(t *testing.T, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	s, err := winnow.New(winnow.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(t.Context()) })
	h, err := New(Options{Scanner: s, MaxBody: 4 << 20})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/checkv3", strings.NewReader(body))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=b1")
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

const formMail = "message: From: Ann <ann@example.org>\r\nTo: bob@example.net\r\nSubject: hello\r\n\r\nhello\r\n"

// A form's metadata says what headers of /checkv2 say, and the reply is a form.
func TestForm(t *testing.T) {
	meta := `metadata: {"from": "ann@example.org", "rcpt": ["bob@example.net", "eve@example.net"], "ip": "192.0.2.1", "settings": {"actions": {"reject": 1}}, "flags": ["pass_all"],
		"speed": "high", "headers": {"X": "1"}, "connection": "close"}`
	for _, parts := range [][]string{{meta, formMail}, {formMail, meta}} {
		rec := postForm(t, form(parts...))
		_, params, err := mime.ParseMediaType(rec.Header().Get("Content-Type"))
		if err != nil || rec.Code != http.StatusOK {
			t.Fatalf("%d %v: %s", rec.Code, err, rec.Body)
		}
		part, err := multipart.NewReader(rec.Body, params["boundary"]).NextPart()
		if err != nil || part.FormName() != "result" || part.Header.Get("Content-Type") != "application/json" {
			t.Fatalf("%v: %v", part, err)
		}
		text, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"required_score":1`, `"FROM_EQ_ENVFROM"`, `speed is not known`, "metadata-headers", "metadata-connection"} {
			if !bytes.Contains(text, []byte(want)) {
				t.Errorf("no %s in %s", want, text)
			}
		}
	}
	if rec := postForm(t, form(meta, formMail), "Accept: application/json"); rec.Header().Get("Content-Type") != "application/json" || rec.Code != http.StatusOK {
		t.Errorf("JSON: %d %v", rec.Code, rec.Header())
	}
}

// What is no such form is refused, with a reason.
func TestFormRefused(t *testing.T) {
	const meta = `metadata: {"from": "ann@example.org"}`
	for name, c := range map[string]struct {
		body    string
		headers []string
		status  int
		want    string
	}{
		"no boundary":      {form(meta, formMail), []string{"Content-Type: multipart/form-data"}, 400, "boundary"},
		"another boundary": {form(meta, formMail), []string{"Content-Type: multipart/form-data; boundary=b2"}, 400, "form"},
		"no message":       {form(meta), nil, 400, "message"},
		"no metadata":      {form(formMail), nil, 400, "metadata"},
		"empty message":    {form(meta, "message: "), nil, 400, "message"},
		"a third part":     {form(meta, formMail, "other: x"), nil, 400, "other"},
		"twice":            {form(meta, meta, formMail), nil, 400, "twice"},
		"broken metadata":  {form(`metadata: {"from":`, formMail), nil, 400, "JSON"},
		"a list":           {form(`metadata: [1]`, formMail), nil, 400, "JSON"},
		"numbers in rcpt":  {form(`metadata: {"rcpt": [1]}`, formMail), nil, 400, "rcpt"},
		"a file":           {form(`metadata: {"file": "/etc/passwd"}`, formMail), nil, 400, "file is not supported"},
		"long metadata":    {form(`metadata: {"from": "`+strings.Repeat("x", maxMetadata)+`"}`, formMail), nil, 400, "longer"},
		"a long message":   {form(meta, "message: "+strings.Repeat("x", 5<<20)), nil, 413, "longer"},
		"what is accepted": {form(meta, formMail), []string{"Accept: application/xml"}, 406, "multipart/form-data"},
		"a wrong setting":  {form(`metadata: {"settings": [1]}`, formMail), nil, 400, "settings"},
	} {
		rec := postForm(t, c.body, c.headers...)
		if rec.Code != c.status || !strings.Contains(rec.Body.String(), c.want) {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
}

func FuzzForm(f *testing.F) {
	f.Add([]byte(form(`metadata: {"rcpt": ["a@example.org"], "flags": "x", "settings": {"a": 1}}`, formMail)))
	f.Add([]byte(form("metadata: {}", "message: x")))
	f.Add([]byte("--b1\r\nContent-Disposition: form-data; name=metadata\r\nContent-Encoding: zstd\r\n\r\n{}\r\n--b1--"))
	f.Fuzz(func(t *testing.T, data []byte) {
		metadata, message, err := readForm("multipart/form-data; boundary=b1", bytes.NewReader(data))
		if err != nil {
			if !errors.Is(err, errForm) {
				t.Fatal(err)
			}
			return
		}
		if len(metadata)+len(message) > len(data) {
			t.Fatal("the parts are longer than the form")
		}
		if header, err := metadataHeader(metadata); err == nil {
			_, _ = parseRequest(header)
		}
	})
}
