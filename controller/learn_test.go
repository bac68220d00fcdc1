package controller

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/storage"
)

const letter = "From: a@example.org\r\nTo: b@example.net\r\nMessage-ID: <1@example.org>\r\nDate: Tue, 3 Nov 2026 10:11:12 +0100\r\nSubject: the review\r\n\r\n" +
	"The build of the release branch is green, please review the patch before we merge it on Friday.\r\n"

func teacher(t *testing.T) *httptest.Server {
	t.Helper()
	store := storage.NewMemory(storage.MemoryOptions{})
	l, err := bayes.Open(t.Context(), bayes.Options{Store: store, Poll: -1})
	if err != nil {
		t.Fatal(err)
	}
	scanner, err := winnow.New(winnow.Options{Learner: l})
	if err != nil {
		t.Fatal(err)
	}
	h, err := New(Options{Scanner: scanner, Teacher: winnow.NewLive(scanner), MaxBody: 10000})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	t.Cleanup(func() {
		s.Close()
		scanner.Close(context.Background())
		l.Close()
		store.Close()
	})
	return s
}

func TestLessons(t *testing.T) {
	s := teacher(t)
	for _, c := range []struct {
		name, method, path, body string
		header                   [2]string
		status                   int
		text                     string
	}{
		{"a lesson", "POST", "/learnham", letter, [2]string{}, 200, `{"success":true}`},
		{"the same again, as it was delivered", "POST", "/learnham", "Received: from x by y; Tue, 3 Nov 2026 10:11:13 +0100\r\n" + letter, [2]string{}, 208, "already learned as ham"},
		{"a change of mind", "POST", "/learnspam", letter, [2]string{}, 200, "success"},
		{"by class", "POST", "/learnclass", letter, [2]string{"Class", "spam"}, 208, "already learned as spam"},
		{"by class and classifier", "POST", "/learnclass", letter, [2]string{"Classifier", "bayes"}, 400, "Class header"},
		{"no such class", "POST", "/learnclass", letter, [2]string{"Class", "news"}, 404, "class 'news' is not defined in classifier (any)"},
		{"no such classifier", "POST", "/learnspam", letter, [2]string{"Classifier", "other"}, 404, "classifier other"},
		{"with a header that is not obeyed", "POST", "/learnham", letter, [2]string{"Raw", "yes"}, 200, `"warnings":["raw is not supported`},
		{"with settings that can't be read", "POST", "/learnham", letter, [2]string{"Settings", "x"}, 400, "settings"},
		{"with a query", "POST", "/learnham?class=spam", letter, [2]string{}, 400, "query"},
		{"too short", "POST", "/learnspam", "Subject: x\r\n\r\ny\r\n", [2]string{}, 204, ""},
		{"nothing", "POST", "/learnspam", "", [2]string{}, 204, ""},
		{"too long", "POST", "/learnspam", strings.Repeat("x", 10001), [2]string{}, 413, "10000 bytes"},
		{"compressed", "POST", "/learnspam", letter, [2]string{"Compression", "zstd"}, 415, "zstd"},
		{"by GET", "GET", "/learnspam", "", [2]string{}, 405, "does not take GET"},
	} {
		req, err := http.NewRequest(c.method, s.URL+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.header[0] != "" {
			req.Header.Set(c.header[0], c.header[1])
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != c.status || !strings.Contains(string(got), c.text) {
			t.Errorf("%s: %d %s", c.name, res.StatusCode, got)
		}
	}
}

func TestNoLessonsWithoutTeacher(t *testing.T) {
	s, _ := serve(t, Options{})
	res, err := http.Post(s.URL+"/learnspam", "", strings.NewReader(letter))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNotFound {
		t.Errorf("status %d", res.StatusCode)
	}
}
