package controller

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/internal/statetest"
	"github.com/winnowmail/winnow/storage"
)

const letter = "From: a@example.org\r\nTo: b@example.net\r\nMessage-ID: <1@example.org>\r\nDate: Tue, 3 Nov 2026 10:11:12 +0100\r\nSubject: the review\r\n\r\n" +
	"The build of the release branch is green, please review the patch before we merge it on Friday.\r\n"

func teacher(t *testing.T) *httptest.Server {
	t.Helper()
	store := storage.NewMemory(storage.MemoryOptions{})
	statetest.Seed(t, store)
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
		{"the same again, as it was delivered", "POST", "/learnham", "Received: from x by y; Tue, 3 Nov 2026 10:11:13 +0100\r\n" + letter, [2]string{}, 208, "1@example.org\\u003e has been already learned as ham, ignore it"},
		{"a change of mind", "POST", "/learnspam", letter, [2]string{}, 200, "success"},
		{"by class", "POST", "/learnclass", letter, [2]string{"Class", "spam"}, 208, "already learned as spam"},
		{"by class and classifier", "POST", "/learnclass", letter, [2]string{"Classifier", "bayes"}, 400, "Class header is required for multiclass learning"},
		{"no such class", "POST", "/learnclass", letter, [2]string{"Class", "news"}, 404, "class 'news' is not defined in classifier (any)"},
		{"no such classifier", "POST", "/learnspam", letter, [2]string{"Classifier", "other"}, 404, "classifier other"},
		{"with a header that is not obeyed", "POST", "/learnham", letter, [2]string{"Raw", "yes"}, 200, `"warnings":["raw is not supported`},
		{"with settings that can't be read", "POST", "/learnham", letter, [2]string{"Settings", "x"}, 400, "settings"},
		{"with a query", "POST", "/learnham?class=spam", letter, [2]string{}, 400, "query"},
		{"too short", "POST", "/learnspam", "Subject: x\r\n\r\ny\r\n", [2]string{}, 204, ""},
		{"nothing", "POST", "/learnspam", "", [2]string{}, 400, "Empty body is not permitted"},
		{"an id of no scan", "POST", "/learnspam", "", [2]string{"Message-Id", "<9@example.org>"}, 404, "no recent scan has the id"},
		{"a scan", "POST", "/checkv2", letter, [2]string{"Queue-Id", "4QX"}, 200, `"learned"`},
		{"its queue ID", "POST", "/learnham", "", [2]string{"Queue-Id", "4QX"}, 208, "4QX has been already learned as ham, ignore it"},
		{"its Message-ID", "POST", "/learnspam", "", [2]string{"Message-Id", "<1@example.org>"}, 200, "success"},
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

func fetch(t *testing.T, url string, v any) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(v); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d: %v", url, res.StatusCode, err)
	}
}

func send(t *testing.T, url, body string) {
	t.Helper()
	res, err := http.Post(url, "message/rfc822", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}

// TestStat holds the fields to those of Rspamd 4.1.6 that its clients read.
func TestStat(t *testing.T) {
	s := teacher(t)
	send(t, s.URL+"/checkv2", letter)
	send(t, s.URL+"/checkv2", "Subject: x\r\n\r\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n")
	send(t, s.URL+"/learnham", letter)
	send(t, s.URL+"/learnham", letter)
	type stat struct {
		Version   string
		Uptime    *int64
		ReadOnly  *bool `json:"read_only"`
		Scanned   int
		Learned   int
		Actions   map[string]int
		ScanTimes []*float64 `json:"scan_times"`
		Spam      int        `json:"spam_count"`
		Ham       int        `json:"ham_count"`
		Control   int        `json:"control_connections"`
		Learns    int        `json:"total_learns"`
		Statfiles []struct {
			Revision            int
			Symbol, Type, Class string
			Classifier          struct{ Name, Type string }
		}
	}
	var st, reset, after stat
	fetch(t, s.URL+"/stat", &st)
	if st.Version == "" || st.Uptime == nil || st.ReadOnly == nil || st.Scanned != 2 || st.Learned != 1 || len(st.Actions) != 6 || st.Actions["reject"] != 1 ||
		st.Spam != 1 || st.Ham != 1 || st.Control != 5 || st.Learns != 1 || len(st.ScanTimes) != 31 || st.ScanTimes[1] == nil || st.ScanTimes[2] != nil {
		t.Errorf("%+v", st)
	}
	if f := st.Statfiles; len(f) != 2 || f[0].Symbol != "BAYES_SPAM" || f[0].Revision != 0 || f[1].Class != "ham" || f[1].Revision != 1 || f[1].Classifier.Name != "bayes" {
		t.Errorf("%+v", f)
	}
	fetch(t, s.URL+"/statreset", &reset)
	fetch(t, s.URL+"/stat", &after)
	if reset.Scanned != 2 || after.Scanned != 0 || after.Learned != 0 || after.Learns != 1 || after.Actions["reject"] != 0 {
		t.Errorf("reset %+v, then %+v", reset, after)
	}
	var list struct {
		Classifiers []struct {
			Name, Type string
			PerUser    *bool `json:"per_user"`
			Classes    []string
		}
	}
	fetch(t, s.URL+"/bayes/classifiers", &list)
	if c := list.Classifiers; len(c) != 1 || c[0].Name != "bayes" || c[0].Type != "binary" || c[0].PerUser == nil || !slices.Equal(c[0].Classes, []string{"spam", "ham"}) {
		t.Errorf("%+v", c)
	}
	bare, _ := serve(t, Options{})
	fetch(t, bare.URL+"/bayes/classifiers", &list)
	fetch(t, bare.URL+"/stat", &after)
	if len(list.Classifiers) != 0 || len(after.Statfiles) != 0 {
		t.Errorf("without a learner %+v, %+v", list, after.Statfiles)
	}
}
