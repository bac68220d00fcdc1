package controller

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/winnowmail/winnow/internal/passhash"
)

// A secret is a password that clients have to know. Once the right one came it is
// known by a keyed digest, and its hash costs nothing any more.
type secret struct {
	want string // the hash, or the password
	salt [16]byte
	sum  atomic.Pointer[[sha256.Size]byte] // of the right password, nil while it is not known
}

func newSecret(want string) *secret {
	s := &secret{want: want}
	rand.Read(s.salt[:]) // never fails
	if !passhash.Is(want) {
		sum := s.digest(want)
		s.sum.Store(&sum)
	}
	return s
}

func (s *secret) digest(password string) [sha256.Size]byte {
	return sha256.Sum256(append(s.salt[:], password...))
}

// quick says whether a password is right; sure is false where only the hash can tell.
func (s *secret) quick(password string) (right, sure bool) {
	sum := s.sum.Load()
	if sum == nil {
		return false, false
	}
	given := s.digest(password)
	return subtle.ConstantTimeCompare(given[:], sum[:]) == 1, true
}

// slow asks the hash.
func (s *secret) slow(password string) bool {
	ok, err := passhash.Check(s.want, password)
	if ok = ok && err == nil; ok {
		sum := s.digest(password)
		s.sum.Store(&sum)
	}
	return ok
}

// failures bound what wrong passwords may cost: those of one client, of all together,
// and one hash at a time.
type failures struct {
	most   float64
	window time.Duration
	one    chan struct{} // held by who computes a hash

	mu      sync.Mutex // guards what follows
	clients map[netip.Addr]bucket
	all     bucket
}

// A bucket is a number of failures that fades.
type bucket struct {
	level float64
	at    time.Time
}

// maxClients is how many clients are kept in mind.
const maxClients = 4096

func newFailures(most int, window time.Duration) *failures {
	if most == 0 {
		most = 10
	}
	if window == 0 {
		window = time.Minute
	}
	return &failures{most: float64(most), window: window, one: make(chan struct{}, 1), clients: map[netip.Addr]bucket{}}
}

// faded is the bucket now, which held most a window ago at the latest.
func (f *failures) faded(b bucket, most float64, now time.Time) bucket {
	gone := max(0, now.Sub(b.at).Seconds()) / f.window.Seconds() * most
	return bucket{max(0, b.level-gone), now}
}

// block is whom an address counts as.
func block(client netip.Addr) netip.Addr {
	if client.Is6() {
		p, _ := client.Prefix(64) // 64 is a length of IPv6's
		return p.Addr()
	}
	return client
}

// blocked reports whether no more passwords of a client are looked at for now.
func (f *failures) blocked(client netip.Addr) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.faded(f.clients[block(client)], f.most, time.Now()).level > f.most-1
}

// spent reports whether no more hashes are computed for now.
func (f *failures) spent() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.faded(f.all, 10*f.most, time.Now()).level > 10*f.most-1
}

// add counts a wrong password.
func (f *failures) add(client netip.Addr) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now, key := time.Now(), block(client)
	b := f.faded(f.clients[key], f.most, now)
	b.level++
	if _, known := f.clients[key]; !known && len(f.clients) >= maxClients {
		f.makeRoom(now)
	}
	f.clients[key] = b
	f.all = f.faded(f.all, 10*f.most, now)
	f.all.level++
}

// makeRoom leaves out the client who has got the least wrong.
func (f *failures) makeRoom(now time.Time) {
	var least netip.Addr
	level := f.most + 1
	for client, b := range f.clients {
		if b = f.faded(b, f.most, now); b.level < level {
			least, level = client, b.level
		}
	}
	delete(f.clients, least)
}

// forget takes back what a client got wrong before he got it right.
func (f *failures) forget(client netip.Addr) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.clients, block(client))
}

// check returns nil if a password is one of those, errWrong if not, or why that can't
// be told now. A wrong one is counted before the next hash is computed.
func (f *failures) check(ctx context.Context, client netip.Addr, known []*secret, password string) error {
	unsure := []*secret(nil)
	for _, s := range known {
		right, sure := s.quick(password)
		if right {
			return nil
		}
		if !sure {
			unsure = append(unsure, s)
		}
	}
	if len(unsure) == 0 {
		f.add(client)
		return errWrong
	}
	select {
	case f.one <- struct{}{}:
		defer func() { <-f.one }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if f.blocked(client) || f.spent() { // by those who were waiting, too
		return errTooMany
	}
	for _, s := range unsure {
		if right, sure := s.quick(password); right || !sure && s.slow(password) {
			return nil
		}
	}
	f.add(client)
	return errWrong
}
