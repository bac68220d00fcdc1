package winnow

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// With derives a Scanner whose site settings are those of s with layers over
// them, each over the one before: for a tenant, for example. It costs some 10
// to 60 kB and no goroutine, since it shares all else with s: the checks, the
// families and what they have started, DNS, Store, Admission, the work of
// Options.After and the rest of the Options. Its transcripts name another
// configuration than those of s, unless the layers are empty.
//
// A derived Scanner that is not used any more may be closed, and need not be:
// its Close waits for its own scans and ends nothing that it shares. The Close
// of s closes all Scanners that are derived from it. An error wraps ErrOptions
// and names the layer, or is ErrClosed.
func (s *Scanner) With(layers ...Layer) (*Scanner, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.exit()
	d := &Scanner{
		engine: s.engine, site: s.site, cache: ruleCache{most: mostDerived}, digest: s.digest,
		account: &account{above: s.account},
	}
	for i := range layers {
		set := Settings{Layer: layers[i]}
		if set.empty() {
			continue
		}
		site, err := d.lay(d.site, &set)
		if err != nil {
			return nil, fmt.Errorf("%w: layer %d: %w", ErrOptions, i, err)
		}
		site.key = keyOf(d.site, &set)
		d.site, d.digest = site, overDigest(d.digest, &set.Layer)
	}
	return d, nil
}

// overDigest is the digest of a configuration with a layer over it.
func overDigest(below string, l *Layer) string {
	var f fingerprint
	f.text(below)
	f.layer(l)
	sum := sha256.Sum256(f)
	return hex.EncodeToString(sum[:])
}
