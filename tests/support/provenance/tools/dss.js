// Prints DSS's simple report on each PDF. For Rhino, which veraPDF brings: Java alone could not compile a class on a machine
// that has no JDK.
var dss = Packages.eu.europa.esig.dss;
for (var i = 0; i < arguments.length; i++) {
  var validator = dss.validation.SignedDocumentValidator.fromDocument(new dss.model.FileDocument(arguments[i]));
  validator.setCertificateVerifier(new dss.spi.validation.CommonCertificateVerifier(true));  // without a network
  print(validator.validateDocument().getXmlSimpleReport());
}
