package feed

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Feed is a feed and what is known of it.
type Feed struct {
	URL   string `json:"url"`
	Title string `json:"title,omitempty"`
	// Interval is the time between polls; 0 is the Config's. It comes from the list, and isn't kept.
	Interval time.Duration `json:"-"`
	// Trusted says that a person typed the address: if it names a private one, that is meant. It isn't
	// kept either.
	Trusted bool `json:"-"`

	// Kind is the form of its last good answer: "rss 2.0", "news sitemap".
	Kind         string `json:"kind,omitempty"`
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
	// Moved is where permanent redirects led; it is asked instead of URL.
	Moved string `json:"moved,omitempty"`
	// Polled is the last poll, Succeeded the last that did not fail, Next when the next is due. Not
	// before NotBefore the server wants to be asked, whoever wants it.
	Polled    time.Time `json:"polled,omitzero"`
	Succeeded time.Time `json:"succeeded,omitzero"`
	Next      time.Time `json:"next,omitzero"`
	NotBefore time.Time `json:"not_before,omitzero"`
	// Failures counts polls that failed since one succeeded; Error is the last one's reason.
	Failures int    `json:"failures,omitempty"`
	Error    string `json:"error,omitempty"`
	// Gone says that the server answered 410: it is polled no more, until it is named again.
	Gone bool `json:"gone,omitempty"`
}

// ErrInUse is wrapped where another process has the state open.
var ErrInUse = errors.New("in use by another dateline")

var (
	feedsBucket = []byte("feeds") // address: Feed in JSON
	seenBucket  = []byte("seen")  // item's key: fingerprint and time, 8 bytes each
	triesBucket = []byte("tries") // item's key: how often its page could not be had, 1 byte
)

// seenAge is how long an item is remembered after it was last in its feed.
const seenAge = 90 * 24 * time.Hour

// State is what is known of feeds and their items, in one file. It is safe for concurrent use by one
// process; bbolt (github.com/etcd-io/bbolt) makes each change whole or not at all.
type State struct{ db *bbolt.DB }

// OpenState opens the file, or makes it.
func OpenState(path string) (*State, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, FreelistType: bbolt.FreelistMapType})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("open feeds' state %s: %w", path, ErrInUse)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("open feeds' state: %w: make it writable, or choose another file (--state)", err)
	case err != nil:
		return nil, fmt.Errorf("open feeds' state %s: %w", path, err)
	}
	db.MaxBatchDelay = 5 * time.Millisecond
	s := &State{db}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{feedsBucket, seenBucket, triesBucket} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		_ = db.Close() // the first error counts
		return nil, fmt.Errorf("open feeds' state %s: %w", path, err)
	}
	return s, nil
}

// Close closes the file.
func (s *State) Close() error {
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close feeds' state: %w", err)
	}
	return nil
}

// Feeds are all feeds, by address.
func (s *State) Feeds() ([]Feed, error) {
	var all []Feed
	err := s.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(feedsBucket).ForEach(func(k, v []byte) error {
			var f Feed
			if err := json.Unmarshal(v, &f); err != nil {
				return fmt.Errorf("feed %s: %w", k, err)
			}
			all = append(all, f)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read feeds' state: %w", err)
	}
	return all, nil
}

// Feed is the feed at url, and whether it is known.
func (s *State) Feed(url string) (f Feed, ok bool, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		v := tx.Bucket(feedsBucket).Get([]byte(url))
		if v == nil {
			return nil
		}
		ok = true
		return json.Unmarshal(v, &f)
	})
	if err != nil {
		return Feed{}, false, fmt.Errorf("read feeds' state: %w", err)
	}
	return f, ok, nil
}

// Copy writes all that is known to a new file, for a trial that is to leave no trace.
func (s *State) Copy(path string) error {
	err := s.db.View(func(tx *bbolt.Tx) error { return tx.CopyFile(path, 0o600) })
	if err != nil {
		return fmt.Errorf("copy feeds' state: %w", err)
	}
	return nil
}

func put(b *bbolt.Bucket, f Feed) error {
	v, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return b.Put([]byte(f.URL), v)
}

// mark is an item as it was seen.
type mark struct {
	key         []byte
	fingerprint uint64
}

// changes are what one step of a poll writes.
type changes struct {
	feed  *Feed    // nil: as it is
	seen  []mark   // their articles are stored, or their time is renewed
	tried [][]byte // their pages could not be had once more
}

// apply writes changes, all or none.
func (s *State) apply(now time.Time, all ...changes) error {
	err := s.db.Batch(func(tx *bbolt.Tx) error {
		seen, tries, feeds := tx.Bucket(seenBucket), tx.Bucket(triesBucket), tx.Bucket(feedsBucket)
		for _, c := range all {
			for _, m := range c.seen {
				v := binary.BigEndian.AppendUint64(nil, m.fingerprint)
				v = binary.BigEndian.AppendUint64(v, uint64(max(now.Unix(), 0)))
				if err := seen.Put(m.key, v); err != nil {
					return err
				}
				if err := tries.Delete(m.key); err != nil {
					return err
				}
			}
			for _, k := range c.tried {
				n := byte(0)
				if v := tries.Get(k); len(v) == 1 {
					n = v[0]
				}
				if err := tries.Put(k, []byte{min(n, 254) + 1}); err != nil {
					return err
				}
			}
			if c.feed == nil {
				continue
			}
			if err := put(feeds, *c.feed); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write feeds' state: %w", err)
	}
	return nil
}

// memory is what is known of an item.
type memory struct {
	seen        bool
	fingerprint uint64
	at          time.Time
	tries       int
}

// recall looks items up.
func (s *State) recall(keys [][]byte) ([]memory, error) {
	out := make([]memory, len(keys))
	err := s.db.View(func(tx *bbolt.Tx) error {
		seen, tries := tx.Bucket(seenBucket), tx.Bucket(triesBucket)
		for i, k := range keys {
			if v := seen.Get(k); len(v) == 16 {
				out[i].seen, out[i].fingerprint = true, binary.BigEndian.Uint64(v)
				out[i].at = time.Unix(int64(binary.BigEndian.Uint64(v[8:])), 0) // #nosec G115 -- we wrote it
			}
			if v := tries.Get(k); len(v) == 1 {
				out[i].tries = int(v[0])
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read feeds' state: %w", err)
	}
	return out, nil
}

// prune forgets items that have been in no feed for long.
func (s *State) prune(now time.Time) error {
	var old [][]byte
	err := s.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(seenBucket).ForEach(func(k, v []byte) error {
			if len(v) != 16 || now.Sub(time.Unix(int64(binary.BigEndian.Uint64(v[8:])), 0)) > seenAge { // #nosec G115 -- we wrote it
				old = append(old, append([]byte{}, k...))
			}
			return nil
		})
	})
	if err == nil && len(old) > 0 {
		err = s.db.Update(func(tx *bbolt.Tx) error {
			for _, k := range old {
				if err := tx.Bucket(seenBucket).Delete(k); err != nil {
					return err
				}
				if err := tx.Bucket(triesBucket).Delete(k); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("prune feeds' state: %w", err)
	}
	return nil
}
