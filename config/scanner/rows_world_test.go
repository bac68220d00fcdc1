package scanner

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/multimap"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/config"
	"github.com/winnowmail/winnow/config/stock"
	"github.com/winnowmail/winnow/controller"
	"github.com/winnowmail/winnow/internal/shared"
)

// A table stands for those of a Redis.
type table map[string]map[string]string

func (t table) Lookup(_ context.Context, name string, keys []string) (map[string]string, error) {
	found := map[string]string{}
	for _, k := range keys {
		if v, ok := t[name][k]; ok {
			found[k] = v
		}
	}
	return found, nil
}

// caseTable is what the tests put into Redis.
func caseTable() table {
	none := func(keys ...string) map[string]string {
		m := map[string]string{}
		for _, k := range keys {
			m[k] = ""
		}
		return m
	}
	return table{
		"hostname": none("redistest.example.net", "example.com"), "127.0.0.1.foo.com": none("redistest.example.net"), "ipaddr": none("127.0.0.1"),
		"emailaddr": none("from@rspamd.tk"), "fullurlre": none("html"), "fullurl": none("https://www.example.com/foo?a=b"), "phishedurl": none("www.rspamd.com"),
		"urlre": none("www"), "tldre": none("net"), "urlnofilter": none("www.example.net"), "asn": none("15169", "1"), "cc": none("US"),
	}
}

// caseServer answers for the tests' map that is asked over HTTP.
func caseServer(t *testing.T) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/map-query" || r.URL.Query().Get("key") != "au" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// A fact is a value of the tests' configuration at a path, as a file says it.
type fact struct{ path, text string }

// caseFacts are those of rows; what several say of one rule is joined.
func caseFacts(rows []caseRow) (list []fact) {
	said := map[string]json.RawMessage{}
	for _, r := range rows {
		for _, facts := range r.facts {
			for at, value := range facts {
				said[at] = join(said[at], value)
			}
		}
	}
	for _, at := range sortedKeys(said) {
		list = append(list, fact{at, assignment(at, said[at])})
	}
	return list
}

// join joins two objects; of other values the second counts.
func join(a, b json.RawMessage) json.RawMessage {
	var both map[string]json.RawMessage
	if a == nil || json.Unmarshal(a, &both) != nil || json.Unmarshal(b, &both) != nil {
		return b
	}
	text, _ := json.Marshal(both)
	return text
}

// assignment writes a fact; a list that names its queries in Lua has the keys for that.
func assignment(at string, value json.RawMessage) string {
	words := strings.Split(strings.TrimPrefix(at, "/"), "/")
	var list map[string]json.RawMessage
	if json.Unmarshal(value, &list) == nil && list["process_script"] != nil {
		delete(list, "process_script")
		list["hash"], list["hash_format"], list["hash_len"] = json.RawMessage(`"blake2"`), json.RawMessage(`"base32"`), json.RawMessage(`32`)
		value, _ = json.Marshal(list)
	}
	last := len(words) - 1
	if last == 0 {
		return fmt.Sprintf("%s = %s;\n", words[0], value)
	}
	return strings.Join(words[:last], " { ") + fmt.Sprintf(" { %q = %s;%s\n", words[last], value, strings.Repeat(" }", last))
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// caseSetup reads what text says.
func caseSetup(t *testing.T, web, text string) (*Setup, error) {
	dir := shared.Path(t, "suites/rspamd/maps")
	rules := filepath.Join(t.TempDir(), "rules.cf")
	if err := os.WriteFile(rules, []byte(caseRules), 0o600); err != nil {
		t.Fatal(err)
	}
	text = strings.NewReplacer("$RULES", rules, `"maps/`, `"`+dir+"/", "cdb://maps/", "cdb://"+dir+"/", "http://127.0.0.1:@PORT_DUMMY_HTTP@", web).Replace(text)
	files := stock.Files{Dir: "/etc/rspamd", Over: stock.Texts{"local.d/groups.conf": text}, Below: stock.Tree()}
	tree, err := config.Load(config.Options{Dir: "/etc/rspamd", Files: files})
	if err != nil {
		return nil, err
	}
	return Read(tree, Base{Families: standard.Options{RBL: rbl.Options{NoMonitoring: true}, Multimap: multimap.Options{Tables: caseTable()}}})
}

// A caseWorld is a scanner with the configuration of some rows.
type caseWorld struct {
	handler http.Handler
	refused map[string]string // facts that can't be read, with the reason
}

// newCaseWorld reads the facts of all rows of a configuration at once, as there; those
// that can't be read are left out.
func newCaseWorld(t *testing.T, name string, rows []caseRow) *caseWorld {
	t.Helper()
	w, web := &caseWorld{refused: map[string]string{}}, caseServer(t)
	text := ownConfig(name) + "\n"
	for _, f := range caseFacts(rows) {
		text += f.text
	}
	s, err := caseSetup(t, web, text)
	if err != nil {
		text = ownConfig(name) + "\n"
		for _, f := range caseFacts(rows) {
			if _, err := caseSetup(t, web, f.text); err != nil {
				w.refused[f.path] = err.Error()
				continue
			}
			text += f.text
		}
		if s, err = caseSetup(t, web, text); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for _, warning := range s.Warnings {
		t.Logf("%s: %s", name, warning)
	}
	w.open(t, name, s)
	return w
}

// open makes the scanner.
func (w *caseWorld) open(t *testing.T, name string, s *Setup) {
	t.Helper()
	zone := cmp.Or(map[string]string{"merged.conf": "merged-local.conf", "hfilter.conf": "hfilter-dns.conf"}[name], "plugins.conf")
	o := s.Options
	o.Checks, o.Settings = stubs(), s.Rules.Settings
	o.DNS.Resolver = shared.RspamdZone(t, zone)
	o.Families = standard.Families(s.Families)
	if name == "force_actions.conf" { // whose scores are those of its symbols alone
		o.Families = slices.DeleteFunc(o.Families, func(f *checks.Family) bool { return f.Name != "force_actions" })
	}
	o.Families = append(o.Families, s.Rules.Family(nil))
	plain, err := winnow.New(winnow.Options{Families: o.Families, Checks: o.Checks})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	o.Layer, err = s.Layer(NewVocabulary(plain.Metric(), o.Families))
	if err := cmp.Or(err, plain.Close(t.Context())); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	scanner, err := winnow.New(o)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	t.Cleanup(func() { _ = scanner.Close(context.Background()) })
	w.handler, err = controller.New(controller.Options{Scanner: scanner, Rules: true})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *caseWorld) scan(t *testing.T, r caseRow) (a answer) {
	t.Helper()
	raw := []byte("\r\n") // of nothing at all there is no scan
	if r.message != "/dev/null" {
		var err error
		if raw, err = os.ReadFile(shared.Path(t, path.Join("suites/rspamd", r.message))); err != nil {
			t.Fatal(err)
		}
	}
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/checkv2", bytes.NewReader(raw))
	for name, value := range r.headers {
		if name == "opts" {
			name = "Queue-Id"
		}
		req.Header.Set(name, value)
	}
	if strings.HasPrefix(r.operation, "Scan File V3") {
		req = r.form(t, raw)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, req)
	if err := json.Unmarshal(rec.Body.Bytes(), &a); err != nil {
		t.Fatalf("%s: %v: %s", r.name(), err, rec.Body)
	}
	a.status = rec.Code
	return a
}

// form makes the row's request to /checkv3. What the table calls ${meta} is a file that
// is named, where the row is about that, and an id of settings otherwise.
func (r caseRow) form(t *testing.T, message []byte) *http.Request {
	metadata := map[string]string{}
	for name, value := range r.headers {
		switch {
		case value == "${meta}" && strings.Contains(r.name(), "file metadata"):
			metadata["file"] = "/etc/hostname"
		case value == "${meta}" || name == "content_type_override":
		default:
			metadata[strings.ReplaceAll(strings.ToLower(name), "-", "_")] = value
		}
	}
	text, err := json.Marshal(metadata)
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, data := range map[string][]byte{"metadata": text, "message": message} {
		part, err := form.CreateFormField(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write(data) // into memory
	}
	_ = form.Close()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/checkv3", &body)
	req.Header.Set("Content-Type", cmp.Or(r.headers["content_type_override"], form.FormDataContentType()))
	req.Header.Set("Accept", "application/json")
	return req
}
