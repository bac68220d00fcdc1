// Package maxmind looks addresses up in files of the MaxMind DB format, such
// as GeoLite2-ASN.mmdb and GeoLite2-Country.mmdb, for checks/asn:
//
//	db, err := maxmind.Open("/var/lib/GeoIP/GeoLite2-ASN.mmdb", "/var/lib/GeoIP/GeoLite2-Country.mmdb")
//	…
//	defer db.Close() // after the Scanner's Close
//	list := asn.New(asn.Options{Source: db}).Checks
//
// The files are not part of winnow: MaxMind and others give them out under
// terms of their own. Files of DB-IP and IPinfo with the same fields work too.
package maxmind

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/winnowmail/winnow/checks/asn"
)

// A DB is a set of open files. It is an asn.Source, safe for concurrent use.
type DB struct {
	now func() time.Time

	mu     sync.RWMutex
	files  []*file
	looked time.Time // when the files' times were last looked at
	closed bool
}

// A file is one database as it was when it was read.
type file struct {
	path   string
	stamp  stamp
	reader *maxminddb.Reader
}

// A stamp tells versions of a file apart.
type stamp struct {
	size int64
	mod  time.Time
}

// checkEvery is how often at most the files are looked at for changes.
const checkEvery = time.Minute

// maxFile bounds a file: they are held in memory as they are.
const maxFile = 512 << 20

// Open reads the files. What they hold is put together; where two hold the same
// field, the first file counts. An error names the file.
//
// A file that changes is read again at a lookup at least a minute after the
// last check. If it can't be read then, the old contents stay in use.
func Open(paths ...string) (*DB, error) {
	if len(paths) == 0 {
		return nil, errors.New("maxmind: no file named")
	}
	db := &DB{now: time.Now}
	for _, path := range paths {
		f, err := open(path)
		if err != nil {
			db.Close()
			return nil, err
		}
		db.files = append(db.files, f)
	}
	db.looked = db.now()
	return db, nil
}

func open(path string) (*file, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("maxmind: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("maxmind: %s: no regular file of at most %d bytes", path, maxFile)
	}
	// Read rather than mapped: a mapped file that an update truncates would
	// end the process.
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("maxmind: %w", err)
	}
	r, err := maxminddb.OpenBytes(data)
	if err != nil {
		return nil, fmt.Errorf("maxmind: %s: %w", path, err)
	}
	return &file{path, stampOf(info), r}, nil
}

func stampOf(info fs.FileInfo) stamp { return stamp{info.Size(), info.ModTime()} }

// Close releases the files. Later lookups return an error.
func (db *DB) Close() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.closed = true
	var errs []error
	for _, f := range db.files {
		errs = append(errs, f.reader.Close())
	}
	db.files = nil
	return errors.Join(errs...)
}

// record is what is read of an entry.
type record struct {
	ASN     uint32 `maxminddb:"autonomous_system_number"`
	Country struct {
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	Registered struct {
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"registered_country"`
}

// Lookup implements asn.Source. The prefix is the one of the file that has
// the number. Where an entry has no country, that of its registration counts.
func (db *DB) Lookup(ip netip.Addr) (asn.Result, error) {
	db.refresh()
	db.mu.RLock()
	defer db.mu.RUnlock()
	var res asn.Result
	if db.closed {
		return res, errors.New("maxmind: closed")
	}
	ip = ip.Unmap()
	for _, f := range db.files {
		if ip.Is6() && f.reader.Metadata.IPVersion == 4 {
			continue // knows no such addresses
		}
		found := f.reader.Lookup(ip)
		var rec record
		if err := found.Decode(&rec); err != nil {
			return asn.Result{}, fmt.Errorf("maxmind: %s: %w", f.path, err)
		}
		if res.ASN == 0 && rec.ASN != 0 {
			res.ASN, res.Net = rec.ASN, found.Prefix()
		}
		if res.Country == "" {
			res.Country = rec.Country.Code
		}
		if res.Country == "" {
			res.Country = rec.Registered.Code
		}
	}
	return res, nil
}

// refresh reads files that changed, if it is time to look.
func (db *DB) refresh() {
	now := db.now()
	due := func() bool { return !db.closed && now.Sub(db.looked) >= checkEvery }
	db.mu.RLock()
	look := due()
	db.mu.RUnlock()
	if !look {
		return
	}
	db.mu.Lock()
	var stale []int
	if due() { // nobody else was faster
		db.looked = now
		for i, f := range db.files {
			if info, err := os.Stat(f.path); err == nil && stampOf(info) != f.stamp {
				stale = append(stale, i)
			}
		}
	}
	db.mu.Unlock()
	for _, i := range stale {
		db.replace(i)
	}
}

// replace reads file i again; lookups go on meanwhile.
func (db *DB) replace(i int) {
	db.mu.RLock()
	if i >= len(db.files) {
		db.mu.RUnlock()
		return
	}
	path := db.files[i].path
	db.mu.RUnlock()
	f, err := open(path)
	if err != nil {
		return
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if i >= len(db.files) {
		f.reader.Close()
		return
	}
	db.files[i].reader.Close()
	db.files[i] = f
}
