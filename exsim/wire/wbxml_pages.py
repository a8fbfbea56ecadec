"""ActiveSync's code pages: which tag each token of each page stands for (MS-ASWBXML; 25 pages, 586 tokens).

A table in the order of the tokens: a page is written as runs, each beginning with its first token in
hexadecimal.  Page 3 (AirNotify) is retired.  Tags that only protocol 2.5 had are not in it.
"""

from __future__ import annotations

from typing import NamedTuple


class Page(NamedTuple):
    """One code page: its number, its namespace, and its runs of tags."""

    number: int
    namespace: str
    runs: str


PAGES = (
    Page(
        0,
        "AirSync",
        """
        0x05 Sync Responses Add Change Delete Fetch SyncKey ClientId ServerId Status
        Collection Class 0x12 CollectionId GetChanges MoreAvailable WindowSize Commands
        Options FilterType 0x1B Conflict Collections ApplicationData DeletesAsMoves 0x20
        Supported SoftDelete MIMESupport MIMETruncation Wait Limit Partial ConversationMode
        MaxItems HeartbeatInterval
    """,
    ),
    Page(
        1,
        "Contacts",
        """
        0x05 Anniversary AssistantName AssistantPhoneNumber Birthday 0x0C
        Business2PhoneNumber BusinessAddressCity BusinessAddressCountry
        BusinessAddressPostalCode BusinessAddressState BusinessAddressStreet
        BusinessFaxNumber BusinessPhoneNumber CarPhoneNumber Categories Category Children
        Child CompanyName Department Email1Address Email2Address Email3Address FileAs
        FirstName Home2PhoneNumber HomeAddressCity HomeAddressCountry HomeAddressPostalCode
        HomeAddressState HomeAddressStreet HomeFaxNumber HomePhoneNumber JobTitle LastName
        MiddleName MobilePhoneNumber OfficeLocation OtherAddressCity OtherAddressCountry
        OtherAddressPostalCode OtherAddressState OtherAddressStreet PagerNumber
        RadioPhoneNumber Spouse Suffix Title WebPage YomiCompanyName YomiFirstName
        YomiLastName 0x3C Picture Alias WeightedRank
    """,
    ),
    Page(
        2,
        "Email",
        """
        0x0F DateReceived 0x11 DisplayTo Importance MessageClass Subject Read To Cc From
        ReplyTo AllDayEvent Categories Category DtStamp EndTime InstanceType BusyStatus
        Location MeetingRequest Organizer RecurrenceId Reminder ResponseRequested
        Recurrences Recurrence Type Until Occurrences Interval DayOfWeek DayOfMonth
        WeekOfMonth MonthOfYear StartTime Sensitivity TimeZone GlobalObjId ThreadTopic 0x39
        InternetCPID Flag Status ContentClass FlagType CompleteTime DisallowNewTimeProposal
    """,
    ),
    Page(
        4,
        "Calendar",
        """
        0x05 Timezone AllDayEvent Attendees Attendee Email Name 0x0D BusyStatus Categories
        Category 0x11 DtStamp EndTime Exception Exceptions Deleted ExceptionStartTime
        Location MeetingStatus OrganizerEmail OrganizerName Recurrence Type Until
        Occurrences Interval DayOfWeek DayOfMonth WeekOfMonth MonthOfYear Reminder
        Sensitivity Subject StartTime UID AttendeeStatus AttendeeType 0x33
        DisallowNewTimeProposal ResponseRequested AppointmentReplyTime ResponseType
        CalendarType IsLeapMonth FirstDayOfWeek OnlineMeetingConfLink
        OnlineMeetingExternalLink ClientUid
    """,
    ),
    Page(
        5,
        "Move",
        """
        0x05 MoveItems Move SrcMsgId SrcFldId DstFldId Response Status DstMsgId
    """,
    ),
    Page(
        6,
        "GetItemEstimate",
        """
        0x05 GetItemEstimate 0x07 Collections Collection Class CollectionId 0x0C Estimate
        Response Status
    """,
    ),
    Page(
        7,
        "FolderHierarchy",
        """
        0x05 Folders Folder DisplayName ServerId ParentId Type 0x0C Status 0x0E Changes Add
        Delete Update SyncKey FolderCreate FolderDelete FolderUpdate FolderSync Count
    """,
    ),
    Page(
        8,
        "MeetingResponse",
        """
        0x05 CalendarId CollectionId MeetingResponse RequestId Request Result Status
        UserResponse 0x0E InstanceId 0x10 ProposedStartTime ProposedEndTime SendResponse
    """,
    ),
    Page(
        9,
        "Tasks",
        """
        0x08 Categories Category Complete DateCompleted DueDate UtcDueDate Importance
        Recurrence Type Start Until Occurrences Interval DayOfMonth DayOfWeek WeekOfMonth
        MonthOfYear Regenerate DeadOccur ReminderSet ReminderTime Sensitivity StartDate
        UtcStartDate Subject 0x22 OrdinalDate SubOrdinalDate CalendarType IsLeapMonth
        FirstDayOfWeek
    """,
    ),
    Page(
        10,
        "ResolveRecipients",
        """
        0x05 ResolveRecipients Response Status Type Recipient DisplayName EmailAddress
        Certificates Certificate MiniCertificate Options To CertificateRetrieval
        RecipientCount MaxCertificates MaxAmbiguousRecipients CertificateCount Availability
        StartTime EndTime MergedFreeBusy Picture MaxSize Data MaxPictures
    """,
    ),
    Page(
        11,
        "ValidateCert",
        """
        0x05 ValidateCert Certificates Certificate CertificateChain CheckCrl Status
    """,
    ),
    Page(
        12,
        "Contacts2",
        """
        0x05 CustomerId GovernmentId IMAddress IMAddress2 IMAddress3 ManagerName
        CompanyMainPhone AccountName NickName MMS
    """,
    ),
    Page(
        13,
        "Ping",
        """
        0x05 Ping 0x07 Status HeartbeatInterval Folders Folder Id Class MaxFolders
    """,
    ),
    Page(
        14,
        "Provision",
        """
        0x05 Provision Policies Policy PolicyType PolicyKey Data Status RemoteWipe
        EASProvisionDoc DevicePasswordEnabled AlphanumericDevicePasswordRequired
        RequireStorageCardEncryption PasswordRecoveryEnabled 0x13 AttachmentsEnabled
        MinDevicePasswordLength MaxInactivityTimeDeviceLock MaxDevicePasswordFailedAttempts
        MaxAttachmentSize AllowSimpleDevicePassword DevicePasswordExpiration
        DevicePasswordHistory AllowStorageCard AllowCamera RequireDeviceEncryption
        AllowUnsignedApplications AllowUnsignedInstallationPackages
        MinDevicePasswordComplexCharacters AllowWiFi AllowTextMessaging AllowPOPIMAPEmail
        AllowBluetooth AllowIrDA RequireManualSyncWhenRoaming AllowDesktopSync
        MaxCalendarAgeFilter AllowHTMLEmail MaxEmailAgeFilter MaxEmailBodyTruncationSize
        MaxEmailHTMLBodyTruncationSize RequireSignedSMIMEMessages
        RequireEncryptedSMIMEMessages RequireSignedSMIMEAlgorithm
        RequireEncryptionSMIMEAlgorithm AllowSMIMEEncryptionAlgorithmNegotiation
        AllowSMIMESoftCerts AllowBrowser AllowConsumerEmail AllowRemoteDesktop
        AllowInternetSharing UnapprovedInROMApplicationList ApplicationName
        ApprovedApplicationList Hash AccountOnlyRemoteWipe
    """,
    ),
    Page(
        15,
        "Search",
        """
        0x05 Search 0x07 Store Name Query Options Range Status Response Result Properties
        Total EqualTo Value And Or FreeText 0x17 DeepTraversal LongId RebuildResults
        LessThan GreaterThan 0x1E UserName Password ConversationId Picture MaxSize
        MaxPictures
    """,
    ),
    Page(
        16,
        "GAL",
        """
        0x05 DisplayName Phone Office Title Company Alias FirstName LastName HomePhone
        MobilePhone EmailAddress Picture Status Data
    """,
    ),
    Page(
        17,
        "AirSyncBase",
        """
        0x05 BodyPreference Type TruncationSize AllOrNone 0x0A Body Data EstimatedDataSize
        Truncated Attachments Attachment DisplayName FileReference Method ContentId
        ContentLocation IsInline NativeBodyType ContentType Preview BodyPartPreference
        BodyPart Status Add Delete ClientId Content Location Annotation Street City State
        Country PostalCode Latitude Longitude Accuracy Altitude AltitudeAccuracy LocationUri
        InstanceId
    """,
    ),
    Page(
        18,
        "Settings",
        """
        0x05 Settings Status Get Set Oof OofState StartTime EndTime OofMessage
        AppliesToInternal AppliesToExternalKnown AppliesToExternalUnknown Enabled
        ReplyMessage BodyType DevicePassword Password DeviceInformation Model IMEI
        FriendlyName OS OSLanguage PhoneNumber UserInformation EmailAddresses SMTPAddress
        UserAgent EnableOutboundSMS MobileOperator PrimarySmtpAddress Accounts Account
        AccountId AccountName UserDisplayName SendDisabled 0x2B RightsManagementInformation
    """,
    ),
    Page(
        19,
        "DocumentLibrary",
        """
        0x05 LinkId DisplayName IsFolder CreationDate LastModifiedDate IsHidden
        ContentLength ContentType
    """,
    ),
    Page(
        20,
        "ItemOperations",
        """
        0x05 ItemOperations Fetch Store Options Range Total Properties Data Status Response
        Version Schema Part EmptyFolderContents DeleteSubFolders UserName Password Move
        DstFldId ConversationId MoveAlways
    """,
    ),
    Page(
        21,
        "ComposeMail",
        """
        0x05 SendMail SmartForward SmartReply SaveInSentItems ReplaceMime 0x0B Source
        FolderId ItemId LongId InstanceId Mime ClientId Status AccountId 0x15 Forwardees
        Forwardee ForwardeeName ForwardeeEmail
    """,
    ),
    Page(
        22,
        "Email2",
        """
        0x05 UmCallerID UmUserNotes UmAttDuration UmAttOrder ConversationId
        ConversationIndex LastVerbExecuted LastVerbExecutionTime ReceivedAsBcc Sender
        CalendarType IsLeapMonth AccountId FirstDayOfWeek MeetingMessageType 0x15 IsDraft
        Bcc Send
    """,
    ),
    Page(
        23,
        "Notes",
        """
        0x05 Subject MessageClass LastModifiedDate Categories Category
    """,
    ),
    Page(
        24,
        "RightsManagement",
        """
        0x05 RightsManagementSupport RightsManagementTemplates RightsManagementTemplate
        RightsManagementLicense EditAllowed ReplyAllowed ReplyAllAllowed ForwardAllowed
        ModifyRecipientsAllowed ExtractAllowed PrintAllowed ExportAllowed
        ProgrammaticAccessAllowed Owner ContentExpiryDate TemplateID TemplateName
        TemplateDescription ContentOwner RemoveRightsManagementProtection
    """,
    ),
    Page(
        25,
        "Find",
        """
        0x05 Find SearchId ExecuteSearch MailBoxSearchCriterion Query Status FreeText
        Options Range DeepTraversal 0x11 Response Result Properties Preview HasAttachments
        Total DisplayCc DisplayBcc GALSearchCriterion 0x20 MaxPictures MaxSize Picture
    """,
    ),
)


def _tags(page: Page) -> dict[int, str]:
    found: dict[int, str] = {}
    token = 0
    for word in page.runs.split():
        if word.startswith("0x"):
            token = int(word, 16)
        else:
            found[token] = f"{page.namespace}:{word}"
            token += 1
    return found


# page number -> token -> tag ("AirSync:SyncKey"), and the way back
TAGS: dict[int, dict[int, str]] = {page.number: _tags(page) for page in PAGES}
TOKENS: dict[str, tuple[int, int]] = {
    tag: (number, token) for number, tags in TAGS.items() for token, tag in tags.items()
}
