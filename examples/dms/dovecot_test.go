package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/redistest"
)

// dovecotConf is a Dovecot 2.3 for users of any name and password, before what
// dms setup prints for it.
const dovecotConf = `base_dir = %[1]s/run
state_dir = %[1]s/state
log_path = %[1]s/log
protocols = imap
ssl = no
listen = 127.0.0.1
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
first_valid_uid = 1
mail_location = maildir:%[1]s/mail/%%u
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=%[1]s/mail/%%u
}
service imap-login {
  chroot =
  inet_listener imap {
    address = 127.0.0.1
    port = %[2]s
  }
  inet_listener imaps {
    port = 0
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
`

// startDovecot starts Dovecot with what dms setup prints, learning at url, and
// returns the address of its IMAP server.
func startDovecot(t *testing.T, url string) (addr string) {
	t.Helper()
	for tool, pkg := range map[string]string{"dovecot": "dovecot-imapd", "/usr/lib/dovecot/imap": "dovecot-imapd", "sievec": "dovecot-sieve", "rspamc": "rspamd"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s (Debian's package %s)", tool, pkg)
		}
	}
	if version, err := exec.Command("dovecot", "--version").Output(); err != nil || !strings.HasPrefix(string(version), "2.3") || os.Getuid() != 0 {
		t.Skipf("needs root and Dovecot 2.3: %s %v", version, err)
	}
	dir, err := os.MkdirTemp("", "dovecot")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	_, text, _ := strings.Cut(setupLearn, "# Dovecot 2.3 instead\n")
	conf, script, ok := strings.Cut(text, "# learn-spam.sieve, and learn-ham.sieve with learn_ham\n")
	if !ok {
		t.Fatal("setup_learn.txt has another form")
	}
	addr = redistest.FreeAddr(t)
	_, port, _ := net.SplitHostPort(addr)
	conf = strings.NewReplacer("/usr/lib/dovecot/sieve-global", dir+"/sieve", "/usr/lib/dovecot/sieve-pipe", dir+"/pipe").Replace(conf)
	script = strings.Replace(script, "127.0.0.1:11334", strings.TrimPrefix(url, "http://"), 1)
	put(t, dir, map[string]string{
		"dovecot.conf": fmt.Sprintf(dovecotConf, dir, port) + conf, "pipe/empty": "", "mail/empty": "",
		"sieve/learn-spam.sieve": script, "sieve/learn-ham.sieve": strings.Replace(script, "learn_spam", "learn_ham", 1),
	})
	sh := func(command string) {
		t.Helper()
		if out, err := exec.Command("sh", "-c", "cd "+dir+" && "+command).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", command, err, out)
		}
	}
	sh("ln -s $(command -v rspamc) pipe/rspamc && chown -R nobody:nogroup . && sievec -c dovecot.conf sieve/learn-spam.sieve && sievec -c dovecot.conf sieve/learn-ham.sieve")
	sh("dovecot -c dovecot.conf >/dev/null 2>&1") // the daemon keeps what it is given open
	t.Cleanup(func() { sh("doveadm -c dovecot.conf stop") })
	t.Cleanup(func() {
		if log, err := os.ReadFile(filepath.Join(dir, "log")); t.Failed() {
			t.Logf("Dovecot's log: %s %v", log, err)
		}
	})
	return addr
}

// What users move into Junk and out of it teaches the daemon, by the
// configuration and the scripts that dms setup prints.
func TestDovecotLearns(t *testing.T) {
	url, _, stop := start(t, "-state", t.TempDir())
	defer stop()
	conn, err := net.Dial("tcp", startDovecot(t, url))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	lines := bufio.NewReader(conn)
	imap := func(command, literal string) {
		t.Helper()
		fmt.Fprintf(conn, "a %s\r\n", command)
		for {
			line, err := lines.ReadString('\n')
			switch {
			case err != nil || strings.HasPrefix(line, "a ") && !strings.HasPrefix(line, "a OK"):
				t.Fatalf("%s: %q %v", command, line, err)
			case strings.HasPrefix(line, "a OK"):
				return
			case strings.HasPrefix(line, "+"):
				fmt.Fprintf(conn, "%s\r\n", literal)
			}
		}
	}
	append := func(mailbox, file string) {
		t.Helper()
		mail := strings.ReplaceAll(read(t, file), "\n", "\r\n")
		imap(fmt.Sprintf("APPEND %s {%d}", mailbox, len(mail)), mail)
	}
	learned := func(spam, ham int) {
		t.Helper()
		code, body := get(t, url+"/stat")
		var stat struct {
			Statfiles []struct {
				Symbol   string
				Revision int
			}
		}
		if err := json.Unmarshal([]byte(body), &stat); code != 200 || err != nil {
			t.Fatalf("/stat: %d %v", code, err)
		}
		got := map[string]int{}
		for _, s := range stat.Statfiles {
			got[s.Symbol] = s.Revision
		}
		if got["BAYES_SPAM"] != spam || got["BAYES_HAM"] != ham {
			t.Errorf("learned %v, want %d of spam and %d of ham", got, spam, ham)
		}
	}
	imap("LOGIN ann x", "")
	imap("CREATE Junk", "")
	append("INBOX", "../../testdata/spam.eml")
	imap("SELECT INBOX", "")
	imap("MOVE 1 Junk", "")
	learned(1, 0)
	imap("SELECT Junk", "")
	imap("COPY 1 INBOX", "") // it was a mistake: the first lesson is taken back
	learned(0, 1)
	append("Junk", "../../testdata/spam.eml")
	learned(1, 0)
}
