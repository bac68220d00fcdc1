package signing

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/internal/dkimsig"
	"github.com/winnowmail/winnow/internal/shared"
)

// TestOpenDKIMSuite signs what OpenDKIM's own tests sign: the same body hash,
// and a signature that verifies.
func TestOpenDKIMSuite(t *testing.T) {
	data, err := os.ReadFile(shared.Path(t, "suites/dkim/dkim-sign-opendkim.json"))
	if err != nil {
		t.Fatal(err)
	}
	var suite struct {
		Cases []struct {
			ID, Message, Alg string
			Signature        string `json:"expected_signature_value"`
			Key              struct {
				DER string `json:"der_base64"`
			} `json:"private_key_pem"`
			Canon [2]Canonicalization
		}
	}
	if err := json.Unmarshal(data, &suite); err != nil {
		t.Fatal(err)
	}
	good, all := 0, 0
	for _, c := range suite.Cases {
		if c.Alg != "RSASHA256" {
			continue // nobody may sign with SHA-1 any more (RFC 8301)
		}
		all++
		ok := t.Run(filepath.Base(c.ID), func(t *testing.T) {
			key, err := ParseKey([]byte(c.Key.DER))
			if err != nil {
				t.Fatal(err)
			}
			want := readSignature(t, Field{"DKIM-Signature", c.Signature})
			f := Format{Header: c.Canon[0], Body: c.Canon[1], Headers: strings.Join(want.Names, ":")}
			id := Identity{Domain: want.Domain, Selector: want.Selector}
			field, err := f.Sign(parse(c.Message), id, key, time.Unix(1172620939, 0))
			if err != nil {
				t.Fatal(err)
			}
			got := readSignature(t, field)
			if string(got.BodyHash) != string(want.BodyHash) {
				t.Errorf("body hash %x, want %x", got.BodyHash, want.BodyHash)
			}
			if !got.Time.Equal(want.Time) || got.Algorithm != want.Algorithm {
				t.Errorf("got %+v, want %+v", got, want)
			}
			pub := &dkimsig.Key{Type: "rsa", Public: key.Public()}
			digest := headerHash(got, parse(c.Message).Header(), got.Algorithm.Hash)
			if !pub.Verify(got.Algorithm, digest, got.Value) {
				t.Error("the signature does not verify")
			}
		})
		if ok {
			good++
		}
	}
	t.Logf("dkim-sign-opendkim: %d of %d with rsa-sha256", good, all)
}

func readSignature(t testing.TB, f Field) *dkimsig.Signature {
	t.Helper()
	s, err := dkimsig.ParseSignature(dkimsig.DKIM, f.raw())
	if err != nil {
		t.Fatalf("%v: %s", err, f.Value)
	}
	return s
}
