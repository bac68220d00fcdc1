package main

import (
	"cmp"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/winnowmail/winnow/signing"
)

const keygenUsage = `usage: dms dkim_keygen [flags]

Makes a DKIM key and prints it with its DNS record, as rspamadm dkim_keygen does;
"dms dkim" makes the files that docker-mailserver has of a key.

`

// A keygenJob is what the command line asks for.
type keygenJob struct {
	domain, selector, file, keytype string
	bits                            int
}

// dkimKeygen is the subcommand; it returns the exit code.
func dkimKeygen(_ context.Context, args []string, stdout, stderr io.Writer) int {
	var k keygenJob
	flags := flag.NewFlagSet("dms dkim_keygen", flag.ContinueOnError)
	both := func(value *string, byDefault, usage string, names ...string) {
		for _, name := range names {
			flags.StringVar(value, name, byDefault, usage)
		}
	}
	both(&k.domain, "", "`domain` whose mail is signed; without it the record's name is relative to its zone", "d", "domain")
	both(&k.selector, "selector", "`name` of the key below _domainkey", "s", "selector")
	both(&k.file, "", "`file` for the key, which must not exist; without it the key is printed", "k", "privkey")
	both(&k.keytype, "rsa", "`type` of the key: rsa or ed25519", "t", "type")
	for _, name := range []string{"b", "bits"} {
		flags.IntVar(&k.bits, name, 0, "`number` of bits of an RSA key, 1024 to 4096; by default 2048")
	}
	if code, done := parseFlags(flags, args, keygenUsage, stdout, stderr); done {
		return code
	}
	err := k.check()
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err != nil {
		fmt.Fprintf(stderr, "dms dkim_keygen: %v\n", err)
		return 2
	}
	if err := k.run(stdout); err != nil {
		fmt.Fprintf(stderr, "dms dkim_keygen: %v\n", err)
		return 1
	}
	return 0
}

// check refuses what no signature may name, and keys that nobody accepts (RFC 8301
// section 3.2).
func (k *keygenJob) check() error {
	switch {
	case k.keytype != "rsa" && k.keytype != "ed25519":
		return fmt.Errorf("key type %q: rsa and ed25519 are known", k.keytype)
	case k.keytype == "ed25519" && k.bits != 0:
		return errors.New("-b is for rsa only: Ed25519 keys have one size")
	case k.bits != 0 && (k.bits < 1024 || k.bits > 4096):
		return fmt.Errorf("%d bits: 1024 to 4096 are possible", k.bits)
	}
	rules := signing.DKIM()
	rules.Domains = map[string][]signing.Selector{cmp.Or(k.domain, "example.org"): {{Selector: k.selector, Path: "-"}}}
	_, err := signing.New(rules)
	return err
}

func (k *keygenJob) run(stdout io.Writer) error {
	key, text, err := newKey(k.keytype, cmp.Or(k.bits, 2048))
	if err != nil {
		return err
	}
	record, err := signing.Record(key.Public())
	if err != nil {
		return err
	}
	if k.file != "" {
		if err := writeNew(k.file, text); err != nil {
			return err
		}
		text = ""
	}
	_, err = io.WriteString(stdout, text+signing.ZoneRecord(k.domain, k.selector, record))
	return err
}

// writeNew makes a file that only its owner reads.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// newKey makes a key of a type, RSA with so many bits, and its text as rspamadm writes
// it: PEM, or base64 of an Ed25519 key, which older Rspamds read too.
func newKey(keytype string, bits int) (crypto.Signer, string, error) {
	if keytype == "ed25519" {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, base64.StdEncoding.EncodeToString(key) + "\n", err
	}
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return nil, "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), err
}
