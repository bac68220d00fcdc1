package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/internal/publicsuffix"
	"github.com/winnowmail/winnow/signing"
)

const dkimUsage = `usage: dms dkim [option value ...] [flags]

Makes a DKIM key and what goes with it, as docker-mailserver's "setup config
dkim" does: the private key, its DNS record as a zone's text and as the bare
value, and a dkim_signing.conf where there is none.

options
  keytype   rsa or ed25519 (rsa)
  keysize   1024, 2048 or 4096 bits, for rsa only (2048)
  selector  name of the key below _domainkey (mail)
  domain    whose mail is signed (the domain of this host's name)
  dir       where the files go, in dkim/ and override.d/
            (/tmp/docker-mailserver/rspamd)
  help      this text

flags
  -f, --force  replace key and record files that are there
  -v, -vv      say what is done, and how
`

// defaultKeysize is that of RSA keys. docker-mailserver takes it for Ed25519, too,
// where it means nothing.
const defaultKeysize = 2048

// A dkimJob is what the command line asks for.
type dkimJob struct {
	keytype, selector, domain, dir string
	keysize                        int
	force, help                    bool
	verbose                        int

	stdout, stderr io.Writer
}

// dkim is the subcommand; it returns the exit code.
func dkim(args []string, hostname func() (string, error), stdout, stderr io.Writer) int {
	j := dkimJob{keytype: "rsa", selector: "mail", dir: "/tmp/docker-mailserver/rspamd", stdout: stdout, stderr: stderr}
	if err := j.parse(args, hostname); err != nil {
		fmt.Fprintf(stderr, "dms dkim: %v\n", err)
		return 2
	}
	if j.help {
		fmt.Fprint(stdout, dkimUsage)
		return 0
	}
	if err := j.run(); err != nil {
		fmt.Fprintf(stderr, "dms dkim: %v\n", err)
		return 1
	}
	return 0
}

func (j *dkimJob) parse(args []string, hostname func() (string, error)) error {
	for len(args) > 0 {
		switch args[0] {
		case "help", "-h", "-help", "--help":
			j.help = true
			return nil
		case "-f", "--force", "-force":
			j.force = true
		case "-v":
			j.verbose = max(j.verbose, 1)
		case "-vv":
			j.verbose = 2
		case "keytype", "keysize", "selector", "domain", "dir":
			if len(args) < 2 || args[1] == "" {
				return fmt.Errorf("%s needs a value", args[0])
			}
			if err := j.set(args[0], args[1]); err != nil {
				return err
			}
			args = args[1:]
		default:
			return fmt.Errorf("unknown option %q (dms dkim help lists them)", args[0])
		}
		args = args[1:]
	}
	return j.complete(hostname)
}

func (j *dkimJob) set(option, value string) (err error) {
	switch option {
	case "keytype":
		if j.keytype = value; value != "rsa" && value != "ed25519" {
			err = fmt.Errorf("unknown keytype '%s': rsa and ed25519 are known", value)
		}
	case "keysize":
		if value != "1024" && value != "2048" && value != "4096" {
			return fmt.Errorf("keysize %q: 1024, 2048 and 4096 are known", value)
		}
		j.keysize, err = strconv.Atoi(value)
	case "selector":
		j.selector = value
	case "domain":
		j.domain = strings.ToLower(value)
	case "dir":
		j.dir = value
	}
	return err
}

// complete fills in what was not said and refuses what does not fit.
func (j *dkimJob) complete(hostname func() (string, error)) error {
	if j.keytype == "ed25519" && j.keysize != 0 && j.keysize != defaultKeysize {
		return errors.New("the chosen keytype does not accept the 'keysize' argument: Ed25519 keys have one size")
	}
	if j.keysize == 0 {
		j.keysize = defaultKeysize
	}
	if j.domain == "" {
		name, err := hostname()
		if err != nil {
			return fmt.Errorf("the host's name: %w", err)
		}
		if j.domain = domainOf(strings.ToLower(name)); j.domain == "" {
			return fmt.Errorf("the host's name, %q, has no domain: give one with domain", name)
		}
	}
	dir, err := filepath.Abs(j.dir)
	if err != nil {
		return fmt.Errorf("dir: %w", err)
	}
	j.dir = dir
	// The names go into file names and a configuration: they have to be what
	// a signature may hold.
	rules := signing.DKIM()
	rules.Domains = map[string][]signing.Selector{j.domain: {{Selector: j.selector, Path: "-"}}}
	_, err = signing.New(rules)
	return err
}

// domainOf is the registered part of a host's name, else what follows its
// first label.
func domainOf(host string) string {
	if d, ok := publicsuffix.ESLD(host); ok {
		return d
	}
	_, d, ok := strings.Cut(host, ".")
	if ok && !strings.Contains(d, ".") {
		return host
	}
	return d
}

func (j *dkimJob) run() error {
	base := j.keytype + "-"
	if j.keytype == "rsa" {
		base += strconv.Itoa(j.keysize) + "-"
	}
	base = filepath.Join(j.dir, "dkim", base+j.selector+"-"+j.domain)
	private, zone, value := base+".private.txt", base+".public.txt", base+".public.dns.txt"
	for _, path := range []string{private, zone, value} {
		if _, err := os.Lstat(path); err == nil && !j.force {
			return fmt.Errorf("%s exists. Not overwriting existing files (use '--force' to overwrite existing files)", path)
		}
	}
	if j.force {
		j.say(1, "Overwriting existing files as the '--force' option was supplied")
	}
	j.say(1, "Domain set to '%s'", j.domain)
	j.say(1, "Selector set to '%s'", j.selector)
	j.say(1, "Keytype set to '%s'", j.keytype)
	if j.keytype == "rsa" {
		j.say(1, "Keysize set to '%d'", j.keysize)
	}
	key, text, err := newKey(j.keytype, j.keysize)
	if err != nil {
		return err
	}
	record, err := signing.Record(key.Public())
	if err != nil {
		return err
	}
	for _, f := range []struct {
		path, text string
		mode       os.FileMode
	}{
		{private, text, 0o600},
		{zone, signing.ZoneRecord(j.domain, j.selector, record), 0o644},
		{value, record + "\n", 0o644},
	} {
		if err := j.write(f.path, f.text, f.mode); err != nil {
			return err
		}
	}
	if err := j.configure(private); err != nil {
		return err
	}
	if d, ok := publicsuffix.ESLD(j.domain); ok && d != j.domain {
		fmt.Fprintf(j.stdout, "Mail of %s is signed for %s unless dkim_signing.conf says use_esld = false.\n", j.domain, d)
	}
	fmt.Fprintf(j.stdout, "The user of the scanner must be able to read %s, and nobody else.\n", private)
	fmt.Fprintln(j.stdout, "Finished DKIM key creation")
	fmt.Fprintf(j.stdout, "The TXT record %s has to be:\n\n%s\n", signing.RecordName(j.domain, j.selector), record)
	return nil
}

// write makes a file under its final name at once, with its directory.
func (j *dkimJob) write(path, text string, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := writeWhole(path, text, mode); err != nil {
		return err
	}
	j.say(1, "wrote %s", path)
	j.say(2, "%d bytes, mode %v", len(text), mode)
	return nil
}

// configure writes a dkim_signing.conf for the key, unless there is one.
func (j *dkimJob) configure(private string) error {
	path := filepath.Join(j.dir, "override.d", "dkim_signing.conf")
	if _, err := os.Lstat(path); err == nil {
		fmt.Fprintf(j.stdout, "'%s' exists, not supplying a default: see that it names %s.\n", path, private)
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	fmt.Fprintf(j.stdout, "Supplying a default configuration (to '%s')\n", path)
	return j.write(path, fmt.Sprintf(signingConf, j.domain, private, j.selector), 0o644)
}

const signingConf = `# DKIM signing, written by "dms dkim" once; yours to edit from now on.
enabled = true;

# whose mail: that of users who logged in, not what the own networks hand in
sign_authenticated = true;
sign_local = false;

# as what: the registered domain of the From header, with the keys below only
use_domain = "header";
use_esld = true;
try_fallback = false;
allow_username_mismatch = true;

# compare each key with its DNS record
check_pubkey = true;

domain {
    %s {
        path = %q;
        selector = %q;
    }
}
`

func (j *dkimJob) say(level int, format string, args ...any) {
	if j.verbose >= level {
		fmt.Fprintf(j.stderr, "dms dkim: "+format+"\n", args...)
	}
}
