package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/standard"
)

// write writes files below a new directory.
func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// verdict is what /checkv2 says of a message.
type verdictJSON struct {
	Required float64 `json:"required_score"`
	Action   string
	Symbols  map[string]struct{ Score float64 }
}

func check(t *testing.T, url, mail string) (v verdictJSON) {
	t.Helper()
	res, err := http.Post(url+"/checkv2", "", strings.NewReader(mail))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// The files of docker-mailserver's volume set up the daemon; a reload takes what
// can be read, and leaves what is in force where a file is wrong.
func TestConfig(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{
		"local.d/actions.conf":          "reject = 11;",
		"override.d/headers_group.conf": "symbols { MISSING_MID { weight = 2; } }",
		"override.d/worker-proxy.inc":   "milter = yes; bind_socket = \"127.0.0.1:0\";",
		"local.d/options.inc":           "task_timeot = 5s;",
	})
	cmd, lines := spawn(context.Background(), t, "-config", dir, "-controller", "127.0.0.1:0", "-dns", "none")
	if l := until(t, lines, "configuration:"); !strings.Contains(l, `options.inc:1:1: options has no key task_timeot; did you mean \"task_timeout\"?`) {
		t.Errorf("the log says %s", l)
	}
	until(t, lines, "modules without a store do nothing: bayes, greylist, history_redis, replies;")
	l := until(t, lines, "listening")
	_, address, _ := strings.Cut(l, "controller=")
	address, _, _ = strings.Cut(address, " ")
	if !strings.Contains(l, "milter=127.0.0.1:") {
		t.Errorf("the log says %s", l)
	}
	const mail = "Subject: no message-id\r\n\r\n"
	want := func(required, score float64) {
		t.Helper()
		if v := check(t, "http://"+address, mail); v.Required != required || v.Symbols["MISSING_MID"].Score != score {
			t.Errorf("%+v, want %g and %g", v, required, score)
		}
	}
	want(11, 2)
	for _, step := range []struct {
		file, text, log string
		required, score float64
	}{
		{"override.d/actions.conf", "reject = 20;", "actions.reject is 20, which was 11", 20, 2},
		{"override.d/headers_group.conf", "symbols { MISSING_MID { weight = lots; } }", "headers_group.conf:1:25", 20, 2},
		{"override.d/headers_group.conf", "symbols { MISSING_MID { weight = 1.5; } }", "reloaded", 20, 1.5},
	} {
		writeFiles(t, dir, map[string]string{step.file: step.text})
		if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		until(t, lines, step.log)
		if step.log != "reloaded" && !strings.Contains(step.log, "headers") {
			until(t, lines, "reloaded")
		}
		want(step.required, step.score)
	}
	http.DefaultClient.CloseIdleConnections()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// Flags win over files, and files over the environment.
func TestConfigBelowFlags(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"override.d/options.inc": "gtube_patterns = \"all\";"})
	for name, value := range map[string]string{"ENABLE_RSPAMD": "1", "ENABLE_RSPAMD_REDIS": "0"} {
		t.Setenv(name, value)
	}
	const ajs = "Subject: test\r\nMessage-ID: <1@example.org>\r\n\r\nZJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"
	for args, action := range map[string]string{"": "rewrite subject", "-gtube disable": "add header"} {
		url, log, stop := start(t, append([]string{"-env", "-config", dir, "-milter", "127.0.0.1:0", "-dns", "none"}, strings.Fields(args)...)...)
		if v := check(t, url, ajs); v.Action != action || v.Required != 11 {
			t.Errorf("%q: %+v, want %s", args, v, action)
		}
		http.DefaultClient.CloseIdleConnections()
		if code := stop(); code != 0 {
			t.Errorf("%q: exit code %d: %s", args, code, log)
		}
	}
}

// How long and how often DNS is asked is what the files say.
func TestConfigOfDNS(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"local.d/options.inc": "dns { timeout = 3s; retransmits = 4; nameserver = \"192.0.2.1\"; }"})
	c := config{profile: "rspamd"}
	flags := c.flags()
	if err := flags.Parse([]string{"-config", dir}); err != nil {
		t.Fatal(err)
	}
	if o := c.files.dns(nil); o.Timeout != 0 || o.Attempts != 0 {
		t.Errorf("before the files are read: %+v", o)
	}
	if err := c.files.defaults(flags, &c); err != nil {
		t.Fatal(err)
	}
	if o := c.files.dns(nil); o.Timeout != 3*time.Second || o.Attempts != 4 {
		t.Errorf("%+v", o)
	}
}

// A program that is called rspamd serves as docker-mailserver's supervisor
// starts it, from the files that its scripts have prepared.
func TestInPlaceOfRspamd(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{
		"local.d/actions.conf":             "reject = 11;",
		"override.d/worker-proxy.inc":      "milter = yes; bind_socket = \"127.0.0.1:0\";",
		"override.d/worker-controller.inc": "bind_socket = \"127.0.0.1:0\";",
		"local.d/clickhouse.conf":          "enabled = false;",
		"local.d/options.inc":              "dns { nameserver = [\"127.0.0.1\"]; }",
	})
	program := filepath.Join(t.TempDir(), "rspamd")
	if err := os.Symlink(os.Args[0], program); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--no-fork", "--config="+filepath.Join(dir, "rspamd.conf"))
	cmd.Env = append(os.Environ(), "DMS_TEST_RUN=1")
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	until(t, lines, "is loading configuration")
	until(t, lines, "lua module clickhouse is disabled in the configuration")
	l := until(t, lines, "listening")
	_, address, _ := strings.Cut(l, "controller=")
	address, _, _ = strings.Cut(address, " ")
	if v := check(t, "http://"+address, "Subject: x\r\n\r\n"); v.Required != 11 {
		t.Errorf("%+v", v)
	}
	http.DefaultClient.CloseIdleConnections()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// A list of composites that changes makes a reload, and one that can't be read
// makes one that fails.
func TestFollowedLists(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) { writeFiles(t, dir, map[string]string{"more": text}) }
	write("ONE { expression = \"MISSING_MID\"; score = 2; }\n")
	writeFiles(t, dir, map[string]string{"local.d/composites.conf": "dynamic = \"" + filepath.Join(dir, "more") + "\";"})
	c := &config{profile: "rspamd", dns: "none"}
	c.files.tree.dir = dir
	setup, err := c.files.read(c)
	if err != nil {
		t.Fatal(err)
	}
	c.files.setup = setup
	hangup := make(chan os.Signal, 1)
	end := c.files.follow(t.Context(), hangup)
	defer end()
	for _, text := range []string{"ONE { expression = \"MISSING_MID\"; score = 7; }\n", "ONE {\n"} {
		write(text)
		if err := setup.Followed[0].Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		end() // the next one sees it at once
		end = c.files.follow(t.Context(), hangup)
		<-hangup
	}
	if err := c.files.reread(t.Context(), c); err == nil || c.files.setup != setup {
		t.Errorf("%v", err)
	}
}

// Rules of settings and of force_actions count, requests may name settings, and
// other services are told.
func TestRulesOfFiles(t *testing.T) {
	told := make(chan string, 3)
	service := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { told <- r.Header.Get("X-Rspamd-Action") }))
	defer service.Close()
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{
		"local.d/settings.conf":          "friends { header { X-Friend = true } apply { symbols { FRIEND = 2 } } }\nstrict { apply { actions { reject = 1 } } }",
		"local.d/groups.conf":            "group \"ours\" { symbols { FRIEND { weight = -4; } } }",
		"local.d/force_actions.conf":     "rules { NO_ID { action = \"quarantine\"; expression = \"MISSING_MID & !FRIEND\"; } }",
		"local.d/metadata_exporter.conf": "rules { ops { backend = \"http\"; meta_headers = yes; url = \"" + service.URL + "\"; } }",
	})
	cmd, lines := spawn(context.Background(), t, "-config", dir, "-controller", "127.0.0.1:0", "-dns", "none")
	_, address, _ := strings.Cut(until(t, lines, "listening"), "controller=")
	address, _, _ = strings.Cut(address, " ")
	for _, c := range []struct {
		mail, id, action string
		required, friend float64
	}{
		{"Subject: x\r\n\r\n", "", "quarantine", 15, 0},
		{"Subject: x\r\nX-Friend: y\r\n\r\n", "", "no action", 15, -8},
		{"Subject: x\r\n\r\n", "strict", "quarantine", 1, 0},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/checkv2", strings.NewReader(c.mail))
		if err != nil {
			t.Fatal(err)
		}
		if c.id != "" {
			req.Header.Set("Settings-ID", c.id)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var v verdictJSON
		err = json.NewDecoder(res.Body).Decode(&v)
		res.Body.Close()
		if err != nil || v.Action != c.action || v.Required != c.required || v.Symbols["FRIEND"].Score != c.friend {
			t.Errorf("%q by %q: %+v, %v", c.mail, c.id, v, err)
		}
		if got := <-told; got != c.action {
			t.Errorf("the service is told of %q", got)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// A hashTable is a Redis with one hash.
type hashTable map[string]string

func (h hashTable) Lookup(_ context.Context, name string, keys []string) (map[string]string, error) {
	found := map[string]string{}
	for _, k := range keys {
		if v, ok := h[name+" "+k]; ok {
			found[k] = v
		}
	}
	return found, nil
}

// Lists that operators keep in files and in Redis raise the symbols of multimap.conf,
// and stay the same over a reload.
func TestListsOfFiles(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{
		"friends": "ann@example.org\n", "bulk": "/^Bulk ?Mailer/i HEAVY:3\n",
		"local.d/multimap.conf": "FRIENDS { type = \"from\"; filter = \"email:addr\"; map = \"" + dir + "/friends\"; score = -2; }\n" +
			"BULK { type = \"header\"; header = \"X-Mailer\"; map = \"regexp;" + dir + "/bulk\"; symbols = [\"HEAVY\"]; score = 2; }\n" +
			"HASHED { type = \"from\"; filter = \"email:domain\"; map = \"redis://domains\"; score = 1; }\n" +
			"INLINE { type = \"header\"; header = \"Subject\"; glob = true; map = [\"hello*\"]; score = 1; }\n",
	})
	c := &config{profile: "rspamd", dns: "none"}
	c.files.tree.dir = dir
	if _, err := c.files.read(c); err == nil || !strings.Contains(err.Error(), "HASHED: redis://domains needs a Redis") {
		t.Errorf("without Redis: %v", err)
	}
	c.state = "redis://127.0.0.1:1"
	setup, err := c.files.read(c)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.files.read(c)
	if err != nil || again.Families.Multimap.Rules[0].List != setup.Families.Multimap.Rules[0].List {
		t.Errorf("a reload made another list (%v)", err)
	}
	c.files.lists.use(hashTable{"domains example.org": ""})
	setup.Families.RBL.Off = true
	s, err := winnow.New(winnow.Options{Families: standard.Families(setup.Families)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	raw := "From: ann@example.org\r\nX-Mailer: BulkMailer 2\r\nSubject: hello you\r\n\r\ntext\r\n"
	r, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte(raw))})
	if err != nil {
		t.Fatal(err)
	}
	var v verdictJSON
	if err := json.Unmarshal(r.JSON(), &v); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"FRIENDS": -2, "HEAVY": 6, "HASHED": 1, "INLINE": 1} {
		if got := v.Symbols[name].Score; got != want {
			t.Errorf("%s counts %v, want %v", name, got, want)
		}
	}
}
