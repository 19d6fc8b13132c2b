// Parses captions with the classes of SPICE 1.0 and CoreNLP 3.6.0, and writes their tuples. Run by Rhino's shell, so that nothing
// has to be compiled.
//
// The first line of standard input is {"threads": N, "limit": WORDS, "memory": MEGABYTES}, the answer {"ready": true} after one
// caption was parsed. Every further line is {"i": NUMBER, "text": CAPTION}; its answer, in any order, is {"i": NUMBER, "n": WORDS}
// of the longest sentence, with
//   "t": tuples and "s": the synsets of their words,
//   nothing else where the sentence is longer than the limit,
//   "flat": true where the parser gave up, or "error": Java's own words.
// The end of standard input ends the program.

var Class = java.lang.Class;
var utf8 = "UTF-8";
var answers = new java.io.PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), false, utf8);
java.lang.System.setOut(java.lang.System.err);  // the libraries print there
var questions = new java.io.BufferedReader(new java.io.InputStreamReader(java.lang.System["in"], utf8));
var settings = JSON.parse(String(questions.readLine()));

// SPICE asks for named entities as well (`ner`), 70 MB of models, and then never reads them: without them the tuples are the same.
function pipeline(annotators) {
  var properties = new java.util.Properties();
  properties.setProperty("annotators", annotators);
  properties.setProperty("depparse.extradependencies", "MAXIMAL");
  properties.setProperty("threads", "1");
  return new Packages.edu.stanford.nlp.pipeline.StanfordCoreNLP(properties);
}
function open(owner, kind, name, types) {
  var member = kind == "field" ? owner.getDeclaredField(name) : owner.getDeclaredMethod(name, types);
  member.setAccessible(true);
  return member;
}
var tokenizer = pipeline("tokenize,ssplit"), parser = pipeline("tokenize,ssplit,parse,lemma");
var grammar = open(Class.forName("edu.stanford.nlp.pipeline.ParserAnnotator"), "field", "parser").get(
  Packages.edu.stanford.nlp.pipeline.StanfordCoreNLP.getExistingAnnotator("parse"));
var spice = new Packages.edu.anu.spice.SpiceParser(null, new java.lang.Integer(1), java.lang.Boolean.TRUE);
var Spice = Class.forName("edu.anu.spice.SpiceParser"), Graph = Class.forName("edu.anu.spice.SceneGraph");
var read = open(Spice, "method", "parseAnnotation", [Class.forName("edu.stanford.nlp.pipeline.Annotation")]);
var proposed = open(Class.forName("edu.anu.spice.SpiceParser$ProposedTuples"), "field", "tuples");
var graph = new Packages.edu.anu.spice.SceneGraph(open(Spice, "field", "synonyms").get(spice));
var synsets = open(Graph, "method", "getSynSets", [Class.forName("java.lang.String")]);
var TREE = Class.forName("edu.stanford.nlp.trees.TreeCoreAnnotations$TreeAnnotation");
var SENTENCES = Class.forName("edu.stanford.nlp.ling.CoreAnnotations$SentencesAnnotation");
var TOKENS = Class.forName("edu.stanford.nlp.ling.CoreAnnotations$TokensAnnotation");

// A parse holds memory in proportion to the square of its sentence's length; parses run side by side while it lasts.
var memory = new java.util.concurrent.Semaphore(settings.memory, true);
var PER_SQUARED_WORD = settings.bytes;
function share(words) {
  return Math.max(1, Math.min(settings.memory, Math.ceil(words * words * PER_SQUARED_WORD / 1048576)));
}
// SPICE itself reads the trees in one thread; its dictionaries and patterns were not written for more.
var one = new java.util.concurrent.locks.ReentrantLock();
var output = new java.util.concurrent.locks.ReentrantLock();

function annotated(text, by) {
  var found = new Packages.edu.stanford.nlp.pipeline.Annotation(text);
  by.annotate(found);
  return found;
}
function longest(annotation) {
  var words = 0, sentences = annotation.get(SENTENCES).iterator();
  while (sentences.hasNext()) words = Math.max(words, sentences.next().get(TOKENS).size());
  return words;
}
// Where the parser has no tree it makes a flat one, `X` over words tagged `XX`; also if its memory does not suffice, which the
// annotator does not pass on: the parser itself is asked why.
function flat(annotation) {
  var sentences = annotation.get(SENTENCES).iterator();
  while (sentences.hasNext()) {
    var sentence = sentences.next(), tree = sentence.get(TREE);
    if (tree != null && tree.value() != "X") continue;
    var query = grammar.parserQuery();
    if (query.parse(sentence.get(TOKENS))) continue;
    if (query.parseNoMemory()) throw new Error("java.lang.OutOfMemoryError: the parser's arrays");
    return true;
  }
  return false;
}
function tuples(annotation, answer) {
  one.lock();
  try {
    var found = proposed.get(read.invoke(spice, [annotation])).iterator();
    answer.t = [];
    answer.s = {};
    while (found.hasNext()) {
      var tuple = found.next(), words = [];
      for (var at = 0; at < tuple.size(); at++) {
        var word = String(tuple.get(at)), key = at == 2 ? word.replace(/^be /, "") : word;
        words.push(word);
        if (!Object.prototype.hasOwnProperty.call(answer.s, "=" + key)) {
          var ids = synsets.invoke(graph, [key]).iterator(), list = [];
          while (ids.hasNext()) list.push(Number(ids.next()));
          answer.s["=" + key] = list.sort(function (a, b) { return a - b; });
        }
      }
      answer.t.push(words);
    }
  } finally {
    one.unlock();
  }
}
function write(answer) {
  // ASCII, so that no line end of any alphabet splits an answer.
  var line = JSON.stringify(answer).replace(/[\u007f-\uffff]/g, function (c) {
    return "\\u" + ("000" + c.charCodeAt(0).toString(16)).slice(-4);
  });
  output.lock();
  try { answers.println(line); answers.flush(); } finally { output.unlock(); }
}
function parse(question) {
  var answer = {i: question.i};
  try {
    answer.n = longest(annotated(question.text, tokenizer));
    if (answer.n <= settings.limit) {
      var part = share(answer.n);
      memory.acquire(part);
      try {
        var annotation = annotated(question.text, parser);
        if (flat(annotation)) answer.flat = true; else tuples(annotation, answer);
      } finally {
        memory.release(part);
      }
    }
  } catch (error) {
    var thrown = error.javaException || (error.rhinoException && error.rhinoException.getWrappedException
      ? error.rhinoException.getWrappedException() : null);
    answer.error = String(thrown || error);
  }
  write(answer);
}

var trial = {};
tuples(annotated("a dog barks", parser), trial);
if (JSON.stringify(trial.t) != '[["dog","bark"],["dog"]]') throw new Error("the parser reads a dog barks as " + JSON.stringify(trial.t));
write({ready: true});

var workers = java.util.concurrent.Executors.newFixedThreadPool(settings.threads), line;
while ((line = questions.readLine()) !== null) {
  (function (question) {
    workers.execute(new java.lang.Runnable({run: function () { parse(question); }}));
  })(JSON.parse(String(line)));
}
workers.shutdownNow();
java.lang.System.exit(0);
