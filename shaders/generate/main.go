// Command generate compiles the GLSL sources beside it to SPIR-V and writes the manifest. With -check it compiles nothing
// and reports sources that were changed since, or binaries that are not the manifest's.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/dvn-vk/dvn-vk/shaders"
)

func main() {
	check := flag.Bool("check", false, "compare sources and binaries with the manifest, compile nothing")
	folder := flag.String("folder", "shaders", "where the sources are")
	newer := flag.String("newer", glslang, "the command that compiles sources with cooperative matrices: glslang 14 or newer")
	flag.Parse()
	run := func(folder string) error { return generate(folder, strings.Fields(*newer)) }
	if *check {
		run = verify
	}
	if err := run(*folder); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// glslang is the compiler of all sources that older ones understand, which distributions have.
const glslang = "glslangValidator"

// matrixExtension is what sources name that need a newer compiler.
const matrixExtension = "GL_KHR_cooperative_matrix"

// wideForm is what sources include that have a wide form.
const wideForm = `"maps.glsl"`

// generate compiles what has changed with a newer compiler, and all the rest.
func generate(folder string, newer []string) error {
	names, err := shaderNames(folder)
	if err != nil {
		return err
	}
	before, err := shaders.ReadManifest()
	if err != nil {
		return err
	}
	manifest := shaders.Manifest{}
	for _, name := range names {
		if manifest[name], err = build(folder, name, newer, before[name]); err != nil {
			return err
		}
	}
	if err := removeStale(folder, manifest); err != nil {
		return err
	}
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "manifest.json"), append(text, '\n'), 0o644)
}

func shaderNames(folder string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.comp"))
	if err == nil && len(paths) == 0 {
		err = fmt.Errorf("no *.comp in %s: run it from the top of the repository", folder)
	}
	for i, path := range paths {
		paths[i] = strings.TrimSuffix(filepath.Base(path), ".comp")
	}
	return paths, err
}

// build compiles a shader in every form, and keeps those that differ from the plainer ones. One that needs a newer compiler
// stays as it was before while its source does, so that changes of others can do without that compiler.
func build(folder, name string, newer []string, before shaders.Entry) (shaders.Entry, error) {
	source, err := sourceHash(folder, name+".comp")
	if err != nil {
		return shaders.Entry{}, err
	}
	compiler := []string{glslang}
	text, err := os.ReadFile(filepath.Join(folder, name+".comp"))
	if err != nil {
		return shaders.Entry{}, err
	}
	if bytes.Contains(text, []byte(matrixExtension)) {
		if compiler = newer; before.Source == source {
			return before, nil
		}
	}
	var entry shaders.Entry
	binaries := map[string]string{}
	for _, form := range []shaders.Form{{}, {Int64: true}, {Half: true}, {Half: true, Int64: true}, {Int64: true, Wide: true}} {
		if form.Wide && !bytes.Contains(text, []byte(wideForm)) {
			continue
		}
		code, err := compile(folder, name, compiler, defines(form))
		if err != nil {
			return entry, err
		}
		if form == (shaders.Form{}) {
			if entry, err = reflect(code); err != nil {
				return entry, fmt.Errorf("%s: %w", name, err)
			}
		}
		if form.Int64 && !form.Wide && !usesPairs(code) || form.Half && !usesHalves(code) {
			continue
		}
		file := form.File(name)
		binaries[file] = hash(code)
		if err := os.WriteFile(filepath.Join(folder, "spirv", file), code, 0o644); err != nil {
			return entry, err
		}
	}
	entry.Source, entry.Binaries = source, binaries
	return entry, nil
}

// usesPairs and usesHalves: the shader calls functions that INT64 and FP16 change (memory.glsl).
func usesPairs(code []byte) bool { return usesAny(code, "load_pair(", "load_row(") }

func usesHalves(code []byte) bool {
	return usesAny(code, "load_activation", "store_activation", "load_weight_pair")
}

func usesAny(code []byte, functions ...string) bool {
	return slices.ContainsFunc(functions, func(function string) bool { return bytes.Contains(code, []byte(function)) })
}

// defines are the macros of a form.
func defines(form shaders.Form) (all []string) {
	if form.Half {
		all = append(all, "-DFP16")
	}
	if form.Int64 {
		all = append(all, "-DINT64")
	}
	if form.Wide {
		all = append(all, "-DWIDE")
	}
	return all
}

func compile(folder, name string, compiler, defines []string) ([]byte, error) {
	out, err := os.CreateTemp("", name+"-*.spv")
	if err != nil {
		return nil, err
	}
	defer os.Remove(out.Name())
	if err := out.Close(); err != nil {
		return nil, err
	}
	command := slices.Concat(compiler, []string{"-V", "--target-env", "vulkan1.3"}, defines, []string{filepath.Join(folder, name+".comp"), "-o", out.Name()})
	if text, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w (cooperative matrices need glslang 14: see -newer)\n%s", strings.Join(command, " "), err, text)
	}
	return os.ReadFile(out.Name())
}

var include = regexp.MustCompile(`(?m)^#include "([^"]+)"$`)

// sourceHash covers a source and all that it includes, in order of first mention.
func sourceHash(folder, file string) (string, error) {
	files := []string{file}
	hash := sha256.New()
	for i := 0; i < len(files); i++ {
		text, err := os.ReadFile(filepath.Join(folder, files[i]))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(hash, "%s %d\n", files[i], len(text))
		hash.Write(text)
		for _, match := range include.FindAllStringSubmatch(string(text), -1) {
			if !slices.Contains(files, match[1]) {
				files = append(files, match[1])
			}
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func removeStale(folder string, manifest shaders.Manifest) error {
	return eachBinary(folder, func(path, file, name string) error {
		if _, ok := manifest[name].Binaries[file]; ok {
			return nil
		}
		return os.Remove(path)
	})
}

func eachBinary(folder string, do func(path, file, name string) error) error {
	paths, err := filepath.Glob(filepath.Join(folder, "spirv", "*.spv"))
	for _, path := range paths {
		file := filepath.Base(path)
		name, _, _ := strings.Cut(file, ".")
		if err == nil {
			err = do(path, file, name)
		}
	}
	return err
}

func verify(folder string) error {
	manifest, err := shaders.ReadManifest()
	if err != nil {
		return err
	}
	names, err := shaderNames(folder)
	if err != nil {
		return err
	}
	for _, name := range names {
		source, err := sourceHash(folder, name+".comp")
		if err != nil {
			return err
		}
		if manifest[name].Source != source {
			return fmt.Errorf("%s.comp or what it includes was changed after its SPIR-V was built: run make shaders", name)
		}
	}
	if len(names) != len(manifest) {
		return fmt.Errorf("the manifest has %d shaders, the folder %d: run make shaders", len(manifest), len(names))
	}
	for _, entry := range manifest {
		for file, want := range entry.Binaries {
			code, err := os.ReadFile(filepath.Join(folder, "spirv", file))
			if err != nil {
				return err
			}
			if hash(code) != want {
				return fmt.Errorf("%s is not the manifest's: run make shaders", file)
			}
		}
	}
	return eachBinary(folder, func(path, file, name string) error {
		if _, ok := manifest[name].Binaries[file]; !ok {
			return fmt.Errorf("%s is in no manifest: run make shaders", path)
		}
		return nil
	})
}

func hash(code []byte) string {
	sum := sha256.Sum256(code)
	return hex.EncodeToString(sum[:])
}
