package protocol

// vocabulary has a line for every element name of the twelve contracts, of both their
// headers and of the formatted text in notes: name, Swedish, English. The lines are
// sorted by name, byte by byte.
const vocabulary = `accessControlHeader|Åtkomstuppgifter|Access details
accountableCareGiver|Ansvarig vårdgivare|Accountable care provider
accountableCareUnit|Ansvarig vårdenhet|Accountable care unit
accountableHeadthcareProfessional|Ansvarig hälso- och sjukvårdspersonal|Accountable professional
accountableHealthcareProfessional|Ansvarig hälso- och sjukvårdspersonal|Accountable professional
accountableHealthcareProvider|Ansvarig vårdgivare|Accountable care provider
accredited|Ackrediterad analys|Accredited analysis
act|Åtgärd|Procedure
actCode|Åtgärdskod|Procedure code
actId|Åtgärdens id|Procedure id
actResult|Resultat av åtgärden|Result of the procedure
actText|Åtgärd i text|Procedure in words
actTime|Tid för åtgärden|Time of the procedure
activity|Aktivitet|Activity
additionalPatientInformation|Kompletterande patientuppgifter|Additional patient details
additionalPrescriptionReason|Ytterligare ordinationsorsak|Additional reason for prescription
address|Adress|Address
administeringHealthcareProfessional|Administrerad av|Administered by
administration|Administrering|Administration
administrationComment|Kommentar till administreringen|Comment on the administration
administrationId|Administreringens id|Administration id
administrationRecord|Vaccination|Vaccination
administrationTime|Tid för administreringen|Time of administration
alertInformation|Uppmärksamhetsinformation|Alert
alertInformationBody|Uppmärksamhetsinformation|Alert
alertInformationComment|Kommentar|Comment
alertInformationHeader|Uppgifter om dokumentet|About the document
analysis|Analys|Analysis
analysisCode|Analyskod|Analysis code
analysisComment|Kommentar till analysen|Comment on the analysis
analysisId|Analysens id|Analysis id
analysisOutcome|Analysresultat|Analysis result
analysisStatus|Analysens status|Analysis status
analysisText|Analys|Analysis
analysisTime|Tid för analysen|Time of analysis
anamnesis|Anamnes|History
anatomicalLocation|Anatomisk lokalisation|Anatomical location
anatomicalSite|Administreringsställe|Anatomical site
aperture|Bländare|Aperture
apgarScore1|Apgar 1 minut|Apgar 1 minute
apgarScore10|Apgar 10 minuter|Apgar 10 minutes
apgarScore5|Apgar 5 minuter|Apgar 5 minutes
approvedForPatient|Får visas för patienten|May be shown to the patient
articleNumber|Artikelnummer|Article number
ascertainedDate|Konstaterad|Ascertained
assessment|Bedömning|Assessment
assessmentAtFirstContactStandardCare|Basvård enligt bedömning vid första kontakten|Standard care as assessed at first contact
assessmentCategory|Typ av bedömning|Kind of assessment
atcCode|ATC-kod|ATC code
atcSubstance|Substans (ATC)|Substance (ATC)
attachment|Bilaga|Attachment
attested|Vidimering|Attestation
attestedTime|Vidimerad|Attested
attesterHSAId|Vidimerad av (HSA-id)|Attested by (HSA-id)
attesterName|Vidimerad av|Attested by
author|Författare|Author
authorHSAId|Författarens HSA-id|Author HSA-id
authorName|Författare|Author
authorOrgUnitAddress|Författarens enhet, adress|Author unit address
authorOrgUnitHSAid|Författarens enhet, HSA-id|Author unit HSA-id
authorOrgUnitName|Författarens enhet|Author unit
authorOtherRole|Annan roll|Other role
authorOtherRoleCode|Annan roll, kod|Other role code
authorOtherRoleCodeOID|Annan roll, kodverk|Other role code system
authorRoleCode|Författarens befattning|Author role
authorTime|Tid för dokumentationen|Time of documentation
bibliography|Källor|Sources
blockComparisonTime|Tid för jämförelse med spärr|Time compared with blocks
blockquote|Citat|Quotation
bloodPressureDiastolic|Blodtryck, diastoliskt|Diastolic blood pressure
bloodPressureSystolic|Blodtryck, systoliskt|Systolic blood pressure
body|Innehåll|Content
bodyMassIndex|BMI|BMI
bodyPartExamined|Undersökt kroppsdel|Body part examined
bodyTemperature|Kroppstemperatur|Body temperature
breastfeeding|Amning|Breastfeeding
burnedInaAnnotations|Inbrända markeringar i bilden|Annotations burned into the image
byRole|Roll|Role
careContact|Vårdkontakt|Care contact
careContactBody|Vårdkontakt|Care contact
careContactCode|Typ av vårdkontakt|Kind of care contact
careContactHeader|Uppgifter om dokumentet|About the document
careContactId|Vårdkontaktens id|Care contact id
careContactOrgUnit|Enhet för vårdkontakten|Care contact unit
careContactReason|Kontaktorsak|Reason for contact
careContactStatus|Vårdkontaktens status|Care contact status
careContactTimePeriod|Tid för vårdkontakten|Time of the care contact
careDocumentation|Vård- och omsorgsdokument|Care document
careDocumentationBody|Dokument|Document
careDocumentationHeader|Uppgifter om dokumentet|About the document
careGiverContact|Kontakt hos vårdgivaren|Contact at the care provider
careGiverHSAId|Vårdgivarens HSA-id|Care provider HSA-id
careGiverHSAid|Vårdgivarens HSA-id|Care provider HSA-id
careGiverOrg|Vårdgivarens organisation|Care provider organisation
carePlan|Vård- och omsorgsplan|Care plan
carePlanBody|Vård- och omsorgsplan|Care plan
carePlanHeader|Uppgifter om dokumentet|About the document
careProcessId|Vårdprocessens id|Care process id
careUnitHSAId|Vårdenhetens HSA-id|Care unit HSA-id
careUnitHSAid|Vårdenhetens HSA-id|Care unit HSA-id
careUnitSmiId|Vårdenhetens id hos Folkhälsomyndigheten|Care unit id at the Public Health Agency
childPostDeliveryRecord|Barnet efter förlossningen|The child after delivery
chronicDiagnosis|Kronisk diagnos|Chronic diagnosis
clinicalDocumentNote|Anteckning|Note
clinicalDocumentNoteCode|Typ av anteckning|Kind of note
clinicalDocumentNoteText|Anteckning|Note
clinicalDocumentNoteTitle|Rubrik|Heading
clinicalDocumentTypeCode|Typ av dokument|Kind of document
clinicalInformation|Klinisk information|Clinical information
clinicalInformationCode|Klinisk information, kod|Clinical information code
clinicalInformationText|Klinisk information|Clinical information
code|Kod|Code
codeSystem|Kodverk|Code system
codeSystemName|Kodverkets namn|Code system name
codeSystemVersion|Kodverkets version|Code system version
comment|Kommentar|Comment
commentAdministration|Kommentar till vaccinationen|Comment on the vaccination
commentPrescription|Kommentar till ordinationen|Comment on the prescription
communicableDisease|Smittsam sjukdom|Communicable disease
communicableDiseaseCode|Smittsam sjukdom|Communicable disease
completeWeeksOfGestation|Fullgångna graviditetsveckor|Completed weeks of gestation
conditionDescription|Villkor|Condition
conditionalDosage|Villkorad dosering|Conditional dosage
contactInformation|Kontaktuppgifter|Contact details
container|Provbehållare|Container
content|Innehåll|Content
contraceptiveDiscontinued|Preventivmedel avslutat|Contraceptive discontinued
contrastAgentUsed|Kontrastmedel|Contrast agent
copyright|Upphovsrätt|Copyright
cv|Kodat värde|Coded value
date|Datum|Date
dateOfBirth|Födelsedatum|Date of birth
datePeriod|Period|Period
dayOfPeriod|Dag i perioden|Day of the period
degreeOfCertainty|Visshetsgrad|Degree of certainty
degreeOfSeverity|Allvarlighetsgrad|Degree of severity
delivery|Förlossningssätt|Mode of delivery
description|Beskrivning|Description
device|Utrustning|Device
diagnosis|Diagnos|Diagnosis
diagnosisBody|Diagnos|Diagnosis
diagnosisCode|Diagnoskod|Diagnosis code
diagnosisHeader|Uppgifter om dokumentet|About the document
diagnosisTime|Diagnosdatum|Time of diagnosis
dicomReference|DICOM-referens|DICOM reference
dicomSOP|DICOM-objekt|DICOM object
dicomValue|DICOM-data|DICOM data
disability|Funktionsnedsättning|Disability
disabilityAssessment|Bedömd funktion|Function assessed
discipline|Laboratoriedisciplin|Discipline
disease|Sjukdom|Disease
diseasesDiabetesMellitus|Diabetes mellitus|Diabetes mellitus
diseasesEndocineDiseases|Endokrina sjukdomar|Endocrine diseases
diseasesRecurrentUrinaryTractInfections|Upprepade urinvägsinfektioner|Recurrent urinary tract infections
diseasesThrombosis|Trombos|Thrombosis
dispensationAuthorization|Förskrivning|Dispensation authorisation
dispensationAuthorizationId|Förskrivningens id|Dispensation authorisation id
dispensationAuthorizer|Förskrivare|Dispensation authoriser
dispensationAuthorizerComment|Förskrivarens kommentar|Comment of the authoriser
displayName|Benämning|Name
dissentingOpinion|Avvikande mening|Dissenting opinion
dissentintOpinion|Avvikande mening|Dissenting opinion
distributionMethod|Distributionssätt|Distribution method
documentId|Dokumentets id|Document id
documentTime|Dokumentets tid|Document time
documentTitle|Dokumentets titel|Document title
dosage|Dosering|Dosage
dosageInstruction|Doseringsanvisning|Dosage instruction
dose|Dos|Dose
doseOrdinalNumber|Dos nummer|Dose number
doseStep|Dosförändring per steg|Dose change per step
drug|Läkemedel|Drug
drugArticle|Läkemedelsartikel|Drug article
ecgReferral|EKG-remiss|ECG referral
emphasis|Betonat|Emphasised
end|Slut|End
endOfTreatment|Utsatt|End of treatment
endOfTreatmentReason|Utsättningsorsak|Reason for ending treatment
entry|Cell|Cell
equipment|Utrustning|Equipment
equipmentId|Utrustningens id|Equipment id
errorCode|Felkod|Error code
evaluationTime|Tid för utvärdering|Time of evaluation
evaluator|Utvärderas av|Evaluated by
examinationActivity|Undersökning|Examination
examinationSpeciality|Undersökningens specialitet|Examination speciality
examinationStatus|Undersökningens status|Examination status
examinationTimePeriod|Tid för undersökningen|Time of examination
examinationUnit|Undersökande enhet|Examining unit
expectedDayOfDeliveryFromEmbryonicTransfer|Beräknad förlossning enligt embryoöverföring|Expected delivery by embryo transfer
expectedDayOfDeliveryFromLastMenstrualPeriod|Beräknad förlossning enligt sista mens|Expected delivery by last menstrual period
expectedDayOfDeliveryFromUltrasoundScan|Beräknad förlossning enligt ultraljud|Expected delivery by ultrasound
exposureTime|Exponeringstid|Exposure time
extension|Id|Id
fetalHeartRate|Fosterhjärtfrekvens|Fetal heart rate
fetalPosition|Fosterläge|Fetal position
fetalPresentation|Föregående fosterdel|Fetal presentation
firstDispensationBefore|Första uttag före|First dispensation before
form|Beredningsform|Form
format|Format|Format
frequency|Frekvens|Frequency
frequencyDosage|Dosering med frekvens|Frequency dosage
functionalStatusAssessment|Bedömning av funktionstillstånd|Functional status assessment
functionalStatusAssessmentBody|Bedömning av funktionstillstånd|Functional status assessment
functionalStatusAssessmentHeader|Uppgifter om dokumentet|About the document
gender|Kön|Gender
generics|Generiskt läkemedel|Generic drug
gestation|Graviditetslängd|Length of gestation
glycosuria|Glukos i urinen|Glycosuria
groupOfAnalyses|Analysgrupp|Group of analyses
haemoglobin|Hemoglobin|Haemoglobin
hasMore|Fler uppgifter finns|More is available
header|Uppgifter om dokumentet|About the document
headrow|Rubrikrad|Heading row
healthcareFacility|Vårdinrättning|Healthcare facility
healthcareProfessionalCareGiverHSAId|Vårdgivarens HSA-id|Care provider HSA-id
healthcareProfessionalCareUnitHSAId|Vårdenhetens HSA-id|Care unit HSA-id
healthcareProfessionalHSAId|Personens HSA-id|HSA-id of the professional
healthcareProfessionalName|Namn|Name
healthcareProfessionalOrgUnit|Enhet|Unit
healthcareProfessionalRoleCode|Befattning|Role
high|Övre gräns|Upper limit
highClosed|Övre gränsen ingår|Upper limit included
hsaId|HSA-id|HSA-id
hsaid|HSA-id|HSA-id
hypersensitivity|Överkänslighet|Hypersensitivity
hypersensitivityAgent|Överkänslig mot|Hypersensitive to
hypersensitivityAgentCode|Överkänslig mot, kod|Hypersensitive to, code
id|Id|Id
identifier|Id|Id
imageCreationTime|Bilden tagen|Image taken
imageData|Bild|Image
imageDicomData|DICOM-data|DICOM data
imageRecording|Bildtagning|Image recording
imageStructuredData|Uppgifter om bilden|About the image
imagedata|Bild|Picture
imagingOutcome|Bilddiagnostik|Imaging
imagingOutcomeBody|Svar på bilddiagnostik|Imaging report
imagingOutcomeHeader|Uppgifter om dokumentet|About the document
indicationPregnancy|Graviditet påvisad|Pregnancy indicated
infertility|Ofrivillig barnlöshet|Infertility
informaltable|Tabell|Table
informationOwner|Informationsägare|Information owner
interpretation|Tolkning|Interpretation
interval|Intervall|Interval
intervalPQ|Intervall|Interval
isDoseComplete|Fullständig dos|Complete dose
isMaximumTreatmentTime|Längsta behandlingstid|Maximum treatment time
itemizedlist|Lista|List
laboratoryIdentifier|Laboratoriets id|Laboratory id
laboratoryOrderOutcome|Laboratoriesvar|Laboratory report
laboratoryOrderOutcomeBody|Laboratoriesvar|Laboratory report
laboratoryOrderOutcomeHeader|Uppgifter om dokumentet|About the document
lastMenstrualPeriod|Sista mens|Last menstrual period
legalAuthenticator|Signering|Signature
legalAuthenticatorHSAId|Signerat av (HSA-id)|Signed by (HSA-id)
legalAuthenticatorName|Signerat av|Signed by
legalAuthenticatorRoleCode|Signerat av, befattning|Signed by, role
length|Längd|Height
lengthOfTreatment|Behandlingstid|Length of treatment
lineFilter|Filter|Filter
listitem|Punkt|Item
literallayout|Text|Text
lockTime|Låst|Locked
logId|Logg-id|Log id
logicalAddress|Logisk adress|Logical address
low|Nedre gräns|Lower limit
lowClosed|Nedre gränsen ingår|Lower limit included
magneticFieldStrength|Magnetfältets styrka|Magnetic field strength
manufacturer|Tillverkare|Manufacturer
material|Provmaterial|Material
maternityMedicalRecord|Mödravårdsjournal|Maternity record
maternityMedicalRecordBody|Mödravårdsjournal|Maternity record
maternityMedicalRecordHeader|Uppgifter om dokumentet|About the document
maximumDosage|Högsta dosering|Maximum dosage
mediaType|Medietyp|Media type
medicament|Läkemedel|Medicine
medicationDuringPregnacy|Läkemedel under graviditeten|Medication during pregnancy
medicationMedicalRecord|Läkemedel|Medication
medicationMedicalRecordBody|Läkemedel|Medication
medicationMedicalRecordHeader|Uppgifter om dokumentet|About the document
medicationPrescription|Läkemedelsordination|Prescription
medicationSinceRegistration|Läkemedel sedan inskrivningen|Medication since registration
merchandise|Handelsvara|Merchandise
message|Meddelande|Message
method|Metod|Method
minimumDispensationInterval|Kortaste tid mellan uttag|Minimum interval between dispensations
modalityData|Modalitet|Modality
modelName|Modell|Model
month|Månad|Month
motherPostDeliveryRecord|Modern efter förlossningen|The mother after delivery
multimediaEntry|Bilaga|Attachment
name|Namn|Name
nonATCSubstance|Substans utan ATC-kod|Substance without ATC code
nonATCSubstanceComment|Kommentar till substansen|Comment on the substance
nonReplaceable|Får inte bytas ut|Not replaceable
note|Anmärkning|Note
nplId|NPL-id|NPL-id
nplPackId|NPL-förpacknings-id|NPL package id
nullified|Makulerad|Nullified
nullifiedReason|Orsak till makulering|Reason for nullification
numberOfImages|Antal bilder|Number of images
numberOfPrescribedDoses|Antal ordinerade doser|Number of prescribed doses
observationTime|Tid för observationen|Time of observation
obsoleteComment|Orsak till inaktuell|Reason for being obsolete
obsoleteTime|Inaktuell sedan|Obsolete since
occasionDosage|Dosering vid tillfällen|Dosage on occasions
opinion|Avvikande mening|Opinion
opinionId|Den avvikande meningens id|Opinion id
order|Beställning|Order
orderId|Beställningens id|Order id
orderReason|Beställningsorsak|Reason for order
orderedlist|Numrerad lista|Numbered list
ordinalNumber|Ordningsnummer|Ordinal number
orgUnit|Enhet|Unit
orgUnitAddress|Enhetens adress|Unit address
orgUnitEmail|Enhetens e-post|Unit email
orgUnitHSAId|Enhetens HSA-id|Unit HSA-id
orgUnitLocation|Enhetens plats|Unit location
orgUnitName|Enhet|Unit
orgUnitTelecom|Enhetens telefon|Unit telephone
originalPatientId|Ursprungligt patient-id|Original patient id
originalText|Ursprunglig text|Original text
otherHypersensitivity|Annan överkänslighet|Other hypersensitivity
otherReason|Annan orsak|Other reason
outcomeDescription|Resultat i text|Result in words
outcomeUnit|Enhet|Unit
outcomeValue|Värde|Value
packageUnit|Förpackningsenhet|Package unit
padl|Personlig ADL|Personal ADL
para|Text|Text
paragraph|Stycke|Paragraph
participatingCareUnitHSAId|Deltagande vårdenhet (HSA-id)|Participating care unit (HSA-id)
pathologicalFlag|Avvikande värde|Abnormal value
patientAdverseEffect|Biverkning|Adverse effect
patientData|Patientuppgifter|Patient details
patientId|Patient-id|Patient id
patientLength|Patientens längd|Patient height
patientPostalCode|Patientens postnummer|Patient postal code
patientWeight|Patientens vikt|Patient weight
performer|Utförare|Performer
performerOrg|Utförande enhet|Performing unit
performerSignature|Utförarens signatur|Signature of the performer
perineumComfortable|Perineum utan besvär|Perineum comfortable
period|Period|Period
periodDosage|Periodisk dosering|Periodic dosage
personAddress|Adress|Address
personEmail|E-post|Email
personId|Personens id|Person id
personName|Namn|Name
personTelecom|Telefon|Telephone
pharmaceuticalForm|Läkemedelsform|Pharmaceutical form
pharmaceuticalHypersensitivity|Läkemedelsöverkänslighet|Drug hypersensitivity
pharmaceuticalProductId|Läkemedelsprodukt|Pharmaceutical product
pharmaceuticalTreatment|Läkemedelsbehandling|Drug treatment
phrase|Text|Text
population|Referenspopulation|Reference population
postDeliveryRecord|Efter förlossningen|After delivery
pq|Värde|Value
precedingPrescriptionId|Föregående ordination|Preceding prescription
pregnancyCheckupRecord|Graviditetskontroll|Pregnancy check-up
prescriber|Ordinatör|Prescriber
prescriberOrg|Ordinerande enhet|Prescribing unit
prescriberPerson|Ordinatör|Prescriber
prescriptionChainId|Ordinationskedjans id|Prescription chain id
prescriptionId|Ordinationens id|Prescription id
prescriptionNote|Anteckning till ordinationen|Prescription note
prescriptionSignatura|Doseringstext|Dosage text
prescriptionStatus|Ordinationens status|Prescription status
previousGravidityAndParity|Tidigare graviditet|Previous pregnancy
principalPrescriptionReason|Huvudsaklig ordinationsorsak|Principal reason for prescription
progress|Förlopp|Course
proteinuria|Protein i urinen|Proteinuria
quantity|Mängd|Quantity
question|Frågeställning|Question
radiationDose|Stråldos|Radiation dose
rampEnd|Trappningens slut|End of the ramp
rampStart|Trappningens början|Start of the ramp
rampedDosage|Upp- eller nedtrappning|Ramped dosage
reason|Orsak|Reason
receivingPharmacy|Mottagande apotek|Receiving pharmacy
recipientSignature|Mottagarens signatur|Signature of the recipient
recipientUnit|Mottagande enhet|Recipient unit
record|Journalpost|Record
recordingId|Bildtagningens id|Recording id
reference|Referens|Reference
referenceInterval|Referensintervall|Reference interval
referencePopulation|Referenspopulation|Reference population
referral|Remiss|Referral
referralAuthor|Remittent|Referrer
referralComment|Kommentar till remissen|Comment on the referral
referralId|Remissens id|Referral id
referralInformation|Remissuppgifter|Referral details
referralMedicalInformation|Medicinska uppgifter|Medical details
referralOutcome|Undersökningssvar|Referral outcome
referralOutcomeBody|Undersökningssvar|Referral outcome
referralOutcomeHeader|Uppgifter om dokumentet|About the document
referralOutcomeText|Svar|Report
referralOutcomeTitle|Rubrik|Heading
referralOutcomeTypeCode|Typ av svar|Kind of report
referralReason|Remissorsak|Reason for referral
referralTime|Remitterad|Referred
referredInformation|Hänvisade uppgifter|Referred information
registrationRecord|Inskrivning|Registration
registrationTime|Registrerad|Registered
related|Relaterad analys|Related analysis
relatedAlertInformation|Relaterad uppmärksamhetsinformation|Related alert
relatedDiagnosis|Relaterad diagnos|Related diagnosis
relation|Samband|Relation
relationComment|Kommentar till sambandet|Comment on the relation
relationToAnalysis|Samband med analys|Relation to analysis
requestedCareService|Begärd tjänst|Requested service
requester|Beställare|Requester
restrictionOfCare|Vårdbegränsning|Restriction of care
restrictionOfCareComment|Vårdbegränsning|Restriction of care
result|Resultat|Result
resultCode|Resultatkod|Result code
resultComment|Kommentar till svaret|Comment on the report
resultReport|Utlåtande|Report
resultText|Resultattext|Result text
resultTime|Svarstid|Time of result
resultType|Typ av svar|Kind of report
riskCategory|Riskkategori|Risk category
root|Id-typ|Kind of id
route|Administreringsväg|Route of administration
routeOfAdministration|Administreringsväg|Route of administration
routeOfTransmission|Smittväg|Route of transmission
row|Rad|Row
scarsOK|Ärr utan anmärkning|Scars normal
section|Avsnitt|Section
selfMedication|Egenvård|Self-medication
seriousDisease|Allvarlig sjukdom|Serious disease
setDosage|Fast dosering|Set dosage
sex|Kön|Sex
shortNotation|Dosering i kortform|Dosage in short
signature|Signatur|Signature
signatureTime|Signerat|Signed
simpara|Text|Text
singleDose|Engångsdos|Single dose
softwareVersion|Programversion|Software version
sourceDescription|Källa till uppgiften|Source of the information
sourceSystemContact|Kontakt för källsystemet|Contact for the source system
sourceSystemHSAId|Källsystemets HSA-id|Source system HSA-id
sourceSystemHSAid|Källsystemets HSA-id|Source system HSA-id
sourceSystemId|Källsystemets id|Source system id
sourceSystemName|Källsystem|Source system
sourceSystemProductName|Källsystemets produkt|Source system product
sourceSystemProductVersion|Källsystemets version|Source system version
specimen|Prov|Specimen
st|Text|Text
start|Start|Start
startOfFirstTreatment|Första insättning|Start of first treatment
startOfTreatment|Insatt|Start of treatment
status|Status|Status
strength|Styrka|Strength
strengthUnit|Styrkans enhet|Unit of strength
subCode|Delkod|Subcode
subscript|Nedsänkt|Lowered
substance|Substans|Substance
subtitle|Underrubrik|Subtitle
succeedingPrescriptionId|Efterföljande ordination|Succeeding prescription
superscript|Upphöjt|Raised
sutureRemoved|Suturer borttagna|Sutures removed
symphysisFundalHeight|Symfys-fundusmått|Symphysis-fundal height
table|Tabell|Table
text|Text|Text
time|Tid|Time
timePeriod|Tidsperiod|Period
timeStep|Tid per steg|Time per step
timestamp|Tid|Time
title|Rubrik|Heading
totalAmount|Total mängd|Total amount
treatment|Behandling|Treatment
treatmentCode|Behandlingskod|Treatment code
treatmentDescription|Behandling|Treatment
treatmentInterval|Behandlingstid|Treatment time
treatmentPurpose|Behandlingsändamål|Purpose of treatment
type|Typ|Type
typeOfAlertInformation|Typ av uppmärksamhetsinformation|Kind of alert
typeOfAlertInformationRelationship|Typ av samband|Kind of relation
typeOfAssessment|Typ av bedömning|Kind of assessment
typeOfCarePlanEnum|Typ av plan|Kind of plan
typeOfDiagnosis|Typ av diagnos|Kind of diagnosis
typeOfHypersensitivity|Typ av överkänslighet|Kind of hypersensitivity
typeOfLeave|Typ av ledighet|Kind of leave
typeOfModality|Typ av modalitet|Kind of modality
typeOfPrescription|Typ av ordination|Kind of prescription
typeOfResult|Typ av svar|Kind of report
typeOfVaccine|Typ av vaccin|Kind of vaccine
unit|Enhet|Unit
unitDose|Dosenhet|Dose unit
unstructuredAlertInformation|Övrig uppmärksamhetsinformation|Other alert
unstructuredAlertInformationContent|Uppmärksamhetsinformation|Alert
unstructuredAlertInformationHeading|Rubrik|Heading
unstructuredDosageInformation|Dosering i fritext|Dosage in words
unstructuredDrugInformation|Läkemedel i fritext|Drug in words
unstructuredInformation|Uppgift i fritext|In words
uterusContracted|Livmodern sammandragen|Uterus contracted
uterusNote|Anteckning om livmodern|Note on the uterus
vaccinationMedicalRecord|Vaccinationer|Vaccinations
vaccinationMedicalRecordBody|Vaccinationer|Vaccinations
vaccinationMedicalRecordHeader|Uppgifter om dokumentet|About the document
vaccinationProgramName|Vaccinationsprogram|Vaccination programme
vaccinationUniqueReference|Vaccinationens id|Vaccination id
vaccinationUnstructuredNote|Vaccination i fritext|Vaccination in words
vaccineBatchId|Batchnummer|Batch number
vaccineManufacturer|Vaccinets tillverkare|Vaccine manufacturer
vaccineName|Vaccin|Vaccine
vaccineTargetDisease|Skyddar mot|Protects against
validUntil|Giltig till|Valid until
validityTimePeriod|Giltighetstid|Period of validity
value|Värde|Value
verifiedTime|Verifierad|Verified
version|Version|Version
vulvaVaginaPortioOK|Vulva, vagina och portio utan anmärkning|Vulva, vagina and cervix normal
weight|Vikt|Weight
weightOfChild|Barnets vikt|Weight of the child
year|År|Year
`
